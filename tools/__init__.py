"""What the assistant can do: tools, the models behind them and the machine they run on."""
