"""What was fitted on faces: what their distances say, and how groups of them count."""

from toolkit.calibration import Calibration, Cohesion, Linkage, Spread

# What distances say, by how a face is described: fitted on one half of the people of Labeled Faces
# in the Wild (docs/measurements.md).
CALIBRATION = Calibration(slope=70.0, even=0.583)
CALIBRATION_JITTERED = Calibration(slope=72.0, even=0.572)
CALIBRATION_PLAIN = Calibration(slope=62.0, even=0.613)

# How groups of faces count: chosen, and fitted by a logistic regression on composed albums, on one
# half of the people of Labeled Faces in the Wild (docs/measurements.md).
# What spread is usual was read from albums drawn from it, and how far even odds move from albums of
# its easiest and its hardest people. What pairs of degraded faces lose was chosen on that half, by
# worths from models that had not seen them, their people or their kind. Which measurements make a
# worth was chosen while looking at the other half of these people, so what docs/faces.md says of
# that half is optimistic.
LINKAGE = Linkage(
    discount=0.06,
    cohesion=Cohesion(few=1.05, many=-0.39, size=0.61, start=-1.4),
    spread=Spread(low=0.678, high=0.703, most=0.069, few=2.0),
    lost=0.2,
)
