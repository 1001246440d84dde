"""What a training would cost before it is started: memory and arithmetic by simulation, time by a few real steps."""
