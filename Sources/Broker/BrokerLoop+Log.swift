import Logging
import Routing
import Service
import Wire

extension BrokerLoop {
    /// Writes a line, unless it is one too many that peers have caused.
    mutating func log(_ note: Note) {
        let isPeers = note.peer != nil
        guard !isPeers || note.level == .debug || peerLines.admits(at: now) else { return }
        let address = note.peer.flatMap { routes.address(of: $0) }
        let metadata = address.map { ["from": "\($0)"] as Logger.Metadata }
        logger.log(level: note.level.logged, "\(note.sentence)", metadata: metadata)
    }

    /// Says which cameras may not send for long, and why, and when they may again.
    mutating func log(closedWindowsOf streams: [StreamStatus]) {
        for line in closedWindows.look(at: streams, now: now) where peerLines.admits(at: now) {
            logger.notice("\(line)")
        }
    }

    /// Says how many lines were not written, once the second is over that they came in.
    mutating func reportOmittedLines() {
        let count = peerLines.takeOmitted(at: now)
        guard count > 0 else { return }
        logger.warning("\(count) more lines about peers that came, went or were cut off")
    }
}

extension Note.Level {
    fileprivate var logged: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        }
    }
}
