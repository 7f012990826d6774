"""From observed objects to what has happened: pure, and the same whatever the order in which things were seen."""
