"""What Foveal is measured against: other designs and libraries, restated as small programs."""
