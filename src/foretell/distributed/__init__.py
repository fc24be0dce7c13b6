"""Forecasts of more series than one process should take: by several processes, Ray, Spark or Dask."""

from foretell.distributed.fugue_frame import predict_frame
from foretell.distributed.ray_dataset import predict
from foretell.distributed.scoring import predict_files

__all__ = ["predict", "predict_files", "predict_frame"]
