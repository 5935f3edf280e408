/// What a consumer group is: recorded when its first worker joins, the same for all of them.
///
/// As a message, GROUP: from the broker to the archive to have it recorded, from the archive to the
/// broker to tell what is recorded, and in the log.
package struct GroupDefinition: WireMessage {
    package static let type = MessageType.group

    /// What happens when the group cannot keep up.
    package enum Policy: UInt8, Sendable, CaseIterable {
        /// Keep only the newest frame of each stream.
        case latest = 1
        /// A bounded queue; the oldest frame of the stream that holds most is shed.
        case queue = 2
        /// Lose none: frames are fetched from the archive later.
        case durable = 3
    }

    /// Which worker gets which stream.
    package enum Order: UInt8, Sendable, CaseIterable {
        /// The least loaded worker gets the next frame.
        case any = 1
        /// All frames of a stream go to one worker, in order.
        case stream = 2
    }

    /// Where a durable group begins.
    package enum Start: UInt8, Sendable, CaseIterable {
        /// With frames archived after the group was recorded.
        case now = 1
        /// With the oldest frame in the archive.
        case beginning = 2
    }

    /// The group's name.
    package var name: String
    /// Which streams it sees; `*` stands for any run of characters.
    package var patterns: [String]
    /// What happens when it cannot keep up.
    package var policy: Policy
    /// Which worker gets which stream.
    package var order: Order
    /// Where it begins; means something for durable groups only.
    package var start: Start

    /// Puts the parts together.
    package init(
        name: String,
        patterns: [String] = ["*"],
        policy: Policy = .queue,
        order: Order = .any,
        start: Start = .now
    ) {
        self.name = name
        self.patterns = patterns
        self.policy = policy
        self.order = order
        self.start = start
    }

    /// Whether the group sees the stream `name`.
    package func covers(stream name: String) -> Bool {
        patterns.contains { Names.matches(pattern: $0, name: name) }
    }

    package func writeFields(to writer: inout ByteWriter) {
        writer.string(name)
        writer.strings(patterns)
        writer.u8(policy.rawValue)
        writer.u8(order.rawValue)
        writer.u8(start.rawValue)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        name = try reader.name("group")
        guard Names.isValidGroup(name) else { throw .invalid("group") }
        patterns = try reader.patterns()
        policy = try reader.choice(Policy.self, "policy")
        order = try reader.choice(Order.self, "order")
        start = try reader.choice(Start.self, "start")
    }
}

extension GroupDefinition: CustomStringConvertible {
    package var description: String {
        "streams \(patterns.isEmpty ? "none" : patterns.joined(separator: " ")), policy \(policy), order \(order)"
    }
}
