"""What kernels stand on: compiler, threads, memory layout, register tile, matrix product."""
