import Logging
import Wire
import ZeroMQ

extension Link {
    /// Performs what the state asks for, up to the first thing that the owner must know.
    mutating func performEffects() throws(ZeroMQError) -> LinkEvent? {
        while nextEffect < effects.count {
            let effect = effects[nextEffect]
            nextEffect += 1
            switch effect {
            case .open: try openSocket()
            case .close:
                held = nil
                sharing.end()
                outgoing.removeAll()
                incoming = nil
                if let socket = socket.take() { socket.close() }
            case .sendHello:
                let hello = makeHello()
                sharing.begin(puts: hello.role.isCamera)
                try say(hello)
            case .sendHeartbeat: try say(Heartbeat())
            case .connected(let welcome): return .connected(welcome)
            case .lost(let reason): return .lost(reason)
            case .refused(let error): return .refused(error)
            case .warned(let error): return .warned(error)
            case .report(let change): report(change)
            case .giveUp: hasGivenUp = true
            }
        }
        effects.removeAll(keepingCapacity: true)
        nextEffect = 0
        return nil
    }

    /// Sends without minding whether there is room: the broker's silence will tell.
    mutating func say(_ message: some WireMessage) throws(ZeroMQError) {
        writer.removeAll()
        message.encode(to: &writer)
        _ = try socket.withValue { (socket) throws(ZeroMQError) in
            try socket.send(copying: writer.span)
        }
    }

    /// Opens memory that the broker names, or lets go of it.
    mutating func share(_ memory: Memory) {
        if sharing.take(memory) { _ = try? say(Memory(key: memory.key)) }
    }

    private func report(_ change: LinkState.Report) {
        let logger = configuration.logger
        let peer = "\(configuration.peer) at \(configuration.endpoint)"
        func extended(_ sentence: String, _ note: String) -> Logger.Message {
            note.isEmpty ? "\(sentence)" : "\(sentence): \(note)"
        }
        switch change {
        case .cannotReach:
            logger.warning("cannot reach \(peer); trying again until it answers")
        case .connected(let note):
            logger.info(extended("connected to \(peer)", note))
        case .connectedAgain(let outage, let note):
            let after = Readable.duration(outage)
            logger.info(extended("connected to \(peer) after \(after)", note))
        case .lost(let reason):
            logger.warning("lost \(peer): \(reason); connecting again")
        case .refused(let error) where error.code == .nameTaken:
            // One that was killed is noticed when the broker next says something to it.
            logger.error(
                """
                \(peer) refuses: \(error.sentence); one that has just died may not have been \
                noticed yet, so this one tries again
                """
            )
        case .refused(let error):
            logger.error("\(peer) refuses: \(error.sentence)")
        }
    }

    /// Why a link gives up.
    func unreachable() -> Failure {
        let patience = configuration.limits.giveUp ?? .zero
        return Failure(
            .unreachable,
            "cannot reach \(configuration.peer) at \(configuration.endpoint) "
                + "within \(Readable.duration(patience)); is it running?"
        )
    }
}

extension Hello.Role {
    fileprivate var isCamera: Bool {
        if case .camera = self { return true }
        return false
    }
}
