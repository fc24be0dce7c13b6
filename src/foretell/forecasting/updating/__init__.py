"""Updates: a fitted forecaster learns from what came since, and says whether it has drifted."""
