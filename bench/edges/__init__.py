"""Parts of `bin/bench edge`: who visits, and what is measured meanwhile."""
