import Histogram

/// Percentiles of latencies in nanoseconds.
struct Latencies {
    let count: Int
    /// By name: `p50`, `p90`, `p99`, `p999`, `most`.
    let percentiles: [(name: String, nanoseconds: UInt64)]

    init(_ histogram: Histogram<UInt64>) {
        count = Int(histogram.totalCount)
        percentiles = [
            ("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p999", 99.9), ("most", 100.0),
        ]
        .map { ($0.0, histogram.totalCount == 0 ? 0 : histogram.valueAtPercentile($0.1)) }
    }

    /// A percentile by its name, in nanoseconds.
    func value(_ name: String) -> UInt64 {
        percentiles.first { $0.name == name }?.nanoseconds ?? 0
    }
}
