"""What phones and other systems send becomes reports: one module a wire format, one group commit behind them all."""
