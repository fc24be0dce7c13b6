"""Forecasts of more series than one process should take: by several processes, or by Ray on many machines."""

from foretell.distributed.ray_dataset import predict
from foretell.distributed.scoring import predict_files

__all__ = ["predict", "predict_files"]
