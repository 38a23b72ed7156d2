"""What every API view needs: who is asking, what they may do, pages, and one shape of error."""
