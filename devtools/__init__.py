"""Developer tools of appointment_payments; `./dev help` lists the commands."""
