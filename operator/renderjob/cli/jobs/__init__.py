"""What commands do with jobs that are there: show, watch, edit, delete and submit them."""
