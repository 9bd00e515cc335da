"""Speed, measured as ratios in one run; README.md lists the bars and the commands."""
