"""What the apps that store rows need to behave equally on all databases."""
