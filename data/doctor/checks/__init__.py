"""The checks of the doctor, one file each. To add one, add a file: it registers itself."""
