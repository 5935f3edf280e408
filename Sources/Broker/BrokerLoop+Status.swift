import Routing
import Service
import Wire
import ZeroMQ

extension BrokerLoop {
    /// Publishes the state of everything: the broker, then its streams, groups and workers.
    mutating func publishStatus() throws {
        var report = router.report()
        report.broker.at = WallClock.nanoseconds
        log(closedWindowsOf: report.streams)
        try publish(report.broker)
        for stream in report.streams { try publish(stream) }
        for group in report.groups { try publish(group) }
        for worker in report.workers { try publish(worker) }
    }

    private mutating func publish(_ message: some WireMessage) throws {
        writer.removeAll()
        message.encode(to: &writer)
        _ = try sockets.events.send(copying: Array("status".utf8), more: true)
        _ = try sockets.events.send(copying: writer.span)
    }
}
