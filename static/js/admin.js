// The admin in the theme its reader chose on Preferences; else, as without scripts, the device's.
const chosen = document.currentScript.dataset.chosen;
if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = `fair${chosen}`;
