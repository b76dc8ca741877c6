"""What a job would do, and what an edit of it would cost, without doing any of it."""
