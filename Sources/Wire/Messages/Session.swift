/// The broker's answer to ``Hello``: the settings in force.
package struct Welcome: WireMessage {
    package static let type = MessageType.welcome

    /// Names this session of this broker; a broker that was restarted gives other numbers.
    package var session: UInt64 = 0
    /// How often each side says something, in milliseconds.
    package var heartbeatMilliseconds: UInt32 = 1_000
    /// After how much silence each side takes the other for lost, in milliseconds.
    package var silenceMilliseconds: UInt32 = 69_000
    /// The largest message the broker takes, in bytes.
    package var largestMessage: UInt32 = UInt32(Limits.payloadByteCount)
    /// For a camera: the last epoch known of its stream, 0 for none.
    package var lastEpoch: UInt64 = 0
    /// For a worker: frames it may hold; 0 while it has to wait.
    package var creditFrames: UInt32 = 0
    /// For a worker: payload bytes it may hold.
    package var creditBytes: UInt64 = 0
    /// A sentence for the peer's log, or nothing.
    package var note = ""

    /// The defaults; set what differs.
    package init() {}

    package func writeFields(to writer: inout ByteWriter) {
        writer.u64(session)
        writer.u32(heartbeatMilliseconds)
        writer.u32(silenceMilliseconds)
        writer.u32(largestMessage)
        writer.u64(lastEpoch)
        writer.u32(creditFrames)
        writer.u64(creditBytes)
        writer.text(note)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        session = try reader.u64()
        heartbeatMilliseconds = try reader.u32()
        silenceMilliseconds = try reader.u32()
        largestMessage = try reader.u32()
        lastEpoch = try reader.number("last epoch")
        creditFrames = try reader.u32()
        creditBytes = try reader.creditBytes()
        note = try reader.text("note")
        guard heartbeatMilliseconds > 0, silenceMilliseconds > heartbeatMilliseconds else {
            throw .invalid("heartbeat")
        }
    }
}

/// Something is wrong with what a peer sent or asked for.
package struct ErrorMessage: WireMessage, Error {
    package static let type = MessageType.error

    /// What is wrong, for a program.
    package enum Code: UInt16, Sendable, CaseIterable {
        /// The bytes were no message.
        case malformed = 1
        /// A message came before HELLO, or after the session was given up: say HELLO anew.
        case noSession = 2
        /// The message does not belong here.
        case unexpected = 3
        /// The name is taken by a peer that is alive.
        case nameTaken = 4
        /// The group works in another way than the worker asked for.
        case groupDiffers = 5
        /// The camera's epoch is older than one already seen: choose a newer one.
        case staleEpoch = 6
        /// A limit was passed.
        case overLimit = 7
        /// What was asked for cannot be served now.
        case refused = 8
    }

    /// What is wrong.
    package var code: Code
    /// Whether the peer may go on; otherwise it was cut off.
    package var mayGoOn: Bool
    /// What happened, to what, and what to do, for a person.
    package var sentence: String

    /// Puts the parts together.
    package init(code: Code, mayGoOn: Bool, sentence: String) {
        self.code = code
        self.mayGoOn = mayGoOn
        self.sentence = sentence
    }

    package func writeFields(to writer: inout ByteWriter) {
        writer.u16(code.rawValue)
        writer.flag(mayGoOn)
        writer.text(sentence)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        guard let code = Code(rawValue: try reader.u16()) else { throw .invalid("error code") }
        self.code = code
        mayGoOn = try reader.flag("may go on")
        sentence = try reader.text("sentence")
    }
}

/// A sign of life, sent by both sides when they have said nothing else for a while.
package struct Heartbeat: WireMessage {
    package static let type = MessageType.heartbeat

    /// There is nothing to say.
    package init() {}

    package func writeFields(to writer: inout ByteWriter) {}

    package init(fields reader: inout ByteReader) throws(WireError) {}
}

/// The end of a session in good order; unanswered leases go back without costing an attempt.
package struct Goodbye: WireMessage {
    package static let type = MessageType.goodbye

    /// Why, for a person; may be empty.
    package var reason: String

    /// Says why.
    package init(reason: String) { self.reason = reason }

    package func writeFields(to writer: inout ByteWriter) { writer.text(reason) }

    package init(fields reader: inout ByteReader) throws(WireError) {
        reason = try reader.text("reason")
    }
}
