/// Names one payload for ever: given by the camera, never used again for other bytes.
package struct FrameID: Hashable, Sendable {
    /// The stream's name.
    package let stream: String
    /// When the camera began numbering, in nanoseconds since 1970, never going back.
    package let epoch: UInt64
    /// Counts the frames of the epoch from 0, without holes; its successor is a number as well.
    package let sequence: UInt64

    /// Puts the three parts together.
    package init(stream: String, epoch: UInt64, sequence: UInt64) {
        self.stream = stream
        self.epoch = epoch
        self.sequence = sequence
    }

    /// The place in the stream.
    package var place: Place { Place(epoch: epoch, sequence: sequence) }

    func writeFields(to writer: inout ByteWriter) {
        writer.string(stream)
        place.writeFields(to: &writer)
    }

    init(fields reader: inout ByteReader) throws(WireError) {
        stream = try reader.streamName()
        let place = try Place(fields: &reader)
        guard place.sequence < Limits.number else { throw .overLimit("sequence") }
        (epoch, sequence) = (place.epoch, place.sequence)
    }
}

extension FrameID: LosslessStringConvertible {
    package var description: String { "\(stream)@\(epoch)/\(sequence)" }

    /// Reads what ``description`` writes; `nil` for anything else, and beyond ``Limits``.
    package init?(_ description: String) {
        let parts = description.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let numbers = parts[1].split(separator: "/", omittingEmptySubsequences: false)
        guard numbers.count == 2, let epoch = UInt64(numbers[0]), epoch <= Limits.number,
            let sequence = UInt64(numbers[1]), sequence < Limits.number,
            Names.isValidStream(String(parts[0]))
        else { return nil }
        self.init(stream: String(parts[0]), epoch: epoch, sequence: sequence)
    }
}

/// A place in one stream: its frames are ordered by epoch, then by sequence.
package struct Place: Hashable, Comparable, Sendable {
    /// The numbering that the sequence belongs to.
    package let epoch: UInt64
    /// The frame's number within the epoch.
    package let sequence: UInt64

    /// Puts the two parts together.
    package init(epoch: UInt64, sequence: UInt64) {
        self.epoch = epoch
        self.sequence = sequence
    }

    package static func < (left: Place, right: Place) -> Bool {
        left.epoch != right.epoch ? left.epoch < right.epoch : left.sequence < right.sequence
    }

    func writeFields(to writer: inout ByteWriter) {
        writer.u64(epoch)
        writer.u64(sequence)
    }

    init(fields reader: inout ByteReader) throws(WireError) {
        epoch = try reader.number("epoch")
        sequence = try reader.number("sequence")
    }
}

extension ByteWriter {
    /// A place behind a flag that says whether there is one.
    mutating func place(_ value: Place?) {
        flag(value != nil)
        value?.writeFields(to: &self)
    }

    /// Sequences from the first to the last.
    mutating func range(_ value: ClosedRange<UInt64>) {
        u64(value.lowerBound)
        u64(value.upperBound)
    }
}

extension ByteReader {
    /// A place behind a flag that says whether there is one.
    @_lifetime(self: copy self)
    mutating func place() throws(WireError) -> Place? {
        try flag("place") ? try Place(fields: &self) : nil
    }

    /// Sequences from the first to the last; each has a successor that is a number.
    @_lifetime(self: copy self)
    mutating func range() throws(WireError) -> ClosedRange<UInt64> {
        let (first, last) = (try number("range"), try number("range"))
        guard first <= last, last < Limits.number else { throw .invalid("range") }
        return first...last
    }
}

/// One pass of a group over some frames: run 0 is the live one, each replay is a run of its own.
package struct Run: Hashable, Sendable {
    /// The group's name.
    package let group: String
    /// 0 for the live pass, counting up with each replay into the group.
    package let number: UInt32

    /// Puts the two parts together.
    package init(group: String, number: UInt32) {
        self.group = group
        self.number = number
    }

    func writeFields(to writer: inout ByteWriter) {
        writer.string(group)
        writer.u32(number)
    }

    init(fields reader: inout ByteReader) throws(WireError) {
        group = try reader.name("group")
        number = try reader.u32()
    }
}

extension Run: CustomStringConvertible {
    package var description: String { "\(group):\(number)" }
}
