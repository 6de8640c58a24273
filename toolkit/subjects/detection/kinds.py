"""What photos show that are kept apart, as detectors, results and folders call it."""

# The last but one is what the mask says of a photo that it finds nothing in: it misses too many to
# call that empty. The last is where photos go of which it is doubtful who is in them.
PERSON, VEHICLE, OTHER, EMPTY, NOTHING = "person", "vehicle", "other", "empty", "nothing found"
KEPT_APART = (PERSON, VEHICLE, OTHER, EMPTY, NOTHING, "unsure")
# The boxes that were drawn by hand, in a folder of results.
DRAWN = "boxes.json"
