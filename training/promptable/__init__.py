"""microtome's own promptable segmentation model: data, network, training, export."""
