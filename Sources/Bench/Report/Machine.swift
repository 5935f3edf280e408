import Foundation
import Service
import ZeroMQ

/// The machine that a measurement ran on.
struct Machine: CustomStringConvertible {
    /// `2 x Intel Xeon, 23.5 GiB, Linux 6.1.0`.
    let description: String
    /// Versions of what the programs are linked with.
    let libraries: String

    init() {
        let cpu = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = cpu.split(separator: "\n").first { $0.hasPrefix("model name") }
        let model = line?.split(separator: ":").last.map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        let process = ProcessInfo.processInfo
        let kernel =
            (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? ""
        description =
            "\(process.activeProcessorCount) x \(model ?? "processor"), "
            + "\(Readable.bytes(Int(clamping: process.physicalMemory))), "
            + "Linux \(kernel.trimmingCharacters(in: .whitespacesAndNewlines))"
        libraries = "libzmq \(Context.libraryVersion)"
    }
}
