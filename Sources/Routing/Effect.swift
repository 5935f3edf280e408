package import Wire

/// What the caller must now do, in order.
package enum Effect: Sendable {
    /// Answer HELLO.
    indirect case welcome(PeerID, Welcome)
    /// Tell a peer what is wrong.
    indirect case refuse(PeerID, ErrorMessage)
    /// Give a sign of life.
    case heartbeat(PeerID)
    /// Forget a peer; whatever it sends next but HELLO is an offence.
    case forget(PeerID)

    /// Tell a camera how far its frames have come.
    case ack(PeerID, Ack)
    /// Lease the frame in the slot to a worker.
    case deliver(PeerID, Deliver, Slot)
    /// Send the slot's bytes, untouched, to the archive.
    case store(PeerID, Slot)
    /// Have the archive record something that has no payload.
    indirect case record(PeerID, Record)
    /// Ask the archive for frames.
    indirect case fetch(PeerID, Fetch)
    /// Publish the result in the slot to whoever listens.
    case publish(Slot, group: String, stream: String)

    /// Nobody needs the slot any more.
    case release(Slot)
    /// Something that a person may want to know.
    indirect case note(Note)
}

/// What the archive records for the broker besides frames and results.
package enum Record: Sendable, Equatable {
    case group(GroupDefinition)
    case gap(Gap)
    case dead(DeadLetter)
}

/// One line for the broker's log.
package struct Note: Sendable, Equatable {
    /// How much it matters.
    package enum Level: Sendable { case debug, info, notice, warning }

    /// How much it matters.
    package let level: Level
    /// What happened, to what.
    package let sentence: String
    /// The peer whose session began or ended, as peers can make happen at any rate.
    package let peer: PeerID?

    init(_ level: Level, _ sentence: String, about peer: PeerID? = nil) {
        self.level = level
        self.sentence = sentence
        self.peer = peer
    }
}
