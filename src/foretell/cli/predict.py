"""`foretell predict`"""

from __future__ import annotations

from foretell.cli.destinations import Destinations, default_destinations, with_forecast_output, with_samples
from foretell.cli.forecast_results import Results
from foretell.cli.from_options import holds_no_table, read_plans_for, read_tables_for, refuse_samples_of_plans
from foretell.cli.options import (
    Device,
    ForecastOutput,
    FutureOptions,
    MessageOptions,
    ModelFolder,
    SampleOptions,
    TableOptions,
)
from foretell.cli.printer import Printer
from foretell.cli.workers import WorkerOptions, predict_by_workers
from foretell.errors import SettingsError


def predict(
    model: ModelFolder,
    table: TableOptions,
    future: FutureOptions,
    output: ForecastOutput,
    drawn: SampleOptions,
    scale: WorkerOptions,
    *,
    device: Device = "auto",
    messages: MessageOptions,
) -> None:
    """Forecast with a saved model, from the end of a table.

    Without an output option, the forecast is written to ./forecast/forecast.csv. The table may hold other series than
    the model was trained on, but its columns must have the same names, unless --time, --id and --target say otherwise.
    Without a table, the forecast goes on from the series that the model was fitted to or updated with.
    """
    if scale.engine is not None:
        if output != ForecastOutput() or drawn.samples is not None or future.future:
            raise SettingsError("--engine writes forecasts to --out alone: leave other outputs and --future out")
        predict_by_workers(model, table, scale, Printer(messages, "predict"))
        return
    if scale.out is not None or scale.address is not None:
        raise SettingsError("--out and --address are for workers: choose them by --engine, or name a file by --output")
    refuse_samples_of_plans(drawn, future)
    if output.output or output.report or output.png or output.out_table or drawn.samples_output:
        to = Destinations(forecast=output.output, report=output.report, picture=output.png)
    else:
        to = default_destinations("forecast", "samples")
    to = with_samples(with_forecast_output(to, output, table), drawn)
    printer = Printer(messages, "predict", stdout_taken=to.stdout_taken)
    to.check(json=messages.json, tables=[table.table, *future.future])
    own = holds_no_table(table)
    results = Results.of_model(model, device, None if own else lambda columns: read_tables_for(columns, table, future))
    results.forecast(read_plans_for(results.columns, table, future) if own else None)
    results.sample(drawn.samples)
    results.deliver(to, printer)
