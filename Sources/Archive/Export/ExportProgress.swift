import Service

/// Shows how an export goes on.
struct ExportProgress {
    private var bar: ProgressBar
    private var count = 0
    private var bytes = 0

    init(total: Int) { bar = ProgressBar(total: total) }

    mutating func add(_ byteCount: Int) {
        count += 1
        bytes += byteCount
        bar.show(count)
    }

    func end(_ verb: String, _ out: String, isQuiet: Bool) {
        bar.clear()
        if isQuiet { return }
        print("\(verb) \(Readable.count(count)) frames (\(Readable.bytes(bytes))) to \(out)")
    }
}
