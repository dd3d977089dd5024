//! Workloads and engines that the benchmarks share.
