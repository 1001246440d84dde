"""Detection and segmentation datasets: pictures with boxes, outlines, keypoints and masks; read, stored and shown."""
