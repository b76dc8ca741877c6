"""Words that all of the program shows: numbers that agree with their nouns, and what is fit to be shown."""
