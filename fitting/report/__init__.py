"""What a Run says: verdict, comparison with the data, pictures, one page."""
