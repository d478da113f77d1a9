"""Detection as a service: processes, queue, uploads, batches."""
