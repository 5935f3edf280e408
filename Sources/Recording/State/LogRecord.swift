package import Wire

/// One record of the log, decoded; a frame's payload stays where it is.
package enum LogRecord: Sendable, Equatable {
    case frame(Frame)
    case result(Wire.Result)
    case group(GroupDefinition)
    case gap(Gap)
    case dead(DeadLetter)
    case job(Job)
    case owed(Owed)
    /// What the archive knows of a stream; inside checkpoints only.
    case stream(StreamState)
    /// What a durable group has done of a stream; inside checkpoints only.
    case debt(Debt)
    case checkpoint(Checkpoint)
    case order(Order)
    case stretch(Stretch)
    /// In the place of a frame whose picture is gone.
    case stub(Stub)
    /// When a segment was begun; inside checkpoints only.
    case begun(Begun)

    /// Reads the header at the start of `bytes`.
    ///
    /// - Throws: ``WireError``, also for messages that are no records.
    package init(decoding bytes: RawSpan) throws(WireError) {
        let type = try Header(bytes).type
        switch type {
        case .frame: self = .frame(try Frame(decoding: bytes))
        case .result: self = .result(try Wire.Result(decoding: bytes))
        case .group: self = .group(try GroupDefinition(decoding: bytes))
        case .gap: self = .gap(try Gap(decoding: bytes))
        case .dead: self = .dead(try DeadLetter(decoding: bytes))
        case .job: self = .job(try Job(decoding: bytes))
        case .owed: self = .owed(try Owed(decoding: bytes))
        case .stream: self = .stream(try StreamState(decoding: bytes))
        case .debt: self = .debt(try Debt(decoding: bytes))
        case .checkpoint: self = .checkpoint(try Checkpoint(decoding: bytes))
        case .order: self = .order(try Order(decoding: bytes))
        case .stretch: self = .stretch(try Stretch(decoding: bytes))
        case .stub: self = .stub(try Stub(decoding: bytes))
        case .begun: self = .begun(try Begun(decoding: bytes))
        default: throw .unexpectedType(type)
        }
    }

    /// Appends the header part to `writer`.
    package func encode(to writer: inout ByteWriter) {
        switch self {
        case .frame(let message): message.encode(to: &writer)
        case .result(let message): message.encode(to: &writer)
        case .group(let message): message.encode(to: &writer)
        case .gap(let message): message.encode(to: &writer)
        case .dead(let message): message.encode(to: &writer)
        case .job(let message): message.encode(to: &writer)
        case .owed(let message): message.encode(to: &writer)
        case .stream(let message): message.encode(to: &writer)
        case .debt(let message): message.encode(to: &writer)
        case .checkpoint(let message): message.encode(to: &writer)
        case .order(let message): message.encode(to: &writer)
        case .stretch(let message): message.encode(to: &writer)
        case .stub(let message): message.encode(to: &writer)
        case .begun(let message): message.encode(to: &writer)
        }
    }

    /// The header part in an array of its own.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        encode(to: &writer)
        return writer.bytes
    }
}
