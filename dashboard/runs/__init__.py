"""The parts of the Runs page; lists and results of runs that other pages show too."""
