/// A lease: this worker may work on the frame whose header and payload follow as parts of their own.
///
/// From the broker to a worker, which starts frames in the order received.
package struct Deliver: WireMessage {
    package static let type = MessageType.deliver

    /// Names the lease; ``Result`` repeats it.
    package var token: UInt64
    /// The run that the result belongs to.
    package var run: Run
    /// How often the frame has been tried, this time included; from 1.
    package var attempt: UInt16
    /// Under order `stream`: a new number means that state kept for the stream starts afresh.
    package var assignment: UInt64
    /// How long the frame may take once it is started, in milliseconds.
    package var deadlineMilliseconds: UInt32

    /// Puts the parts together.
    package init(
        token: UInt64,
        run: Run,
        attempt: UInt16,
        assignment: UInt64,
        deadlineMilliseconds: UInt32
    ) {
        self.token = token
        self.run = run
        self.attempt = attempt
        self.assignment = assignment
        self.deadlineMilliseconds = deadlineMilliseconds
    }

    package func writeFields(to writer: inout ByteWriter) {
        writer.u64(token)
        run.writeFields(to: &writer)
        writer.u16(attempt)
        writer.u64(assignment)
        writer.u32(deadlineMilliseconds)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        token = try reader.u64()
        run = try Run(fields: &reader)
        attempt = try reader.u16()
        assignment = try reader.number("assignment")
        deadlineMilliseconds = try reader.u32()
    }
}

/// What a group made of one frame: detections, or a failure.
///
/// From a worker to the broker, on to the archive and to `events`, and into the log: the very bytes
/// that the worker wrote.
package struct Result: WireMessage {
    package static let type = MessageType.result

    /// The run it belongs to.
    package var run: Run
    /// The frame it is about.
    package var frame: FrameID
    /// The lease it answers.
    package var token: UInt64
    /// The attempt it comes from.
    package var attempt: UInt16
    /// The worker's name.
    package var worker: String
    /// What went wrong with this frame; empty when nothing did.
    package var failure: String
    /// The model's name.
    package var model: String
    /// XXH3-64 of the model's file and settings.
    package var modelHash: UInt64
    /// When the work began, in nanoseconds since 1970 (UTC).
    package var startedAt: Int64
    /// What decoding the image took, in nanoseconds.
    package var decodeNanoseconds: UInt64
    /// What the model took, in nanoseconds.
    package var inferNanoseconds: UInt64
    /// Facts about the whole frame.
    package var attributes: [Attribute]
    /// What was found.
    package var detections: [Detection]

    /// Puts the parts together.
    package init(
        run: Run,
        frame: FrameID,
        token: UInt64,
        attempt: UInt16,
        worker: String,
        failure: String = "",
        model: String,
        modelHash: UInt64,
        startedAt: Int64,
        decodeNanoseconds: UInt64 = 0,
        inferNanoseconds: UInt64 = 0,
        attributes: [Attribute] = [],
        detections: [Detection] = []
    ) {
        self.run = run
        self.frame = frame
        self.token = token
        self.attempt = attempt
        self.worker = worker
        self.failure = failure
        self.model = model
        self.modelHash = modelHash
        self.startedAt = startedAt
        self.decodeNanoseconds = decodeNanoseconds
        self.inferNanoseconds = inferNanoseconds
        self.attributes = attributes
        self.detections = detections
    }

    package func writeFields(to writer: inout ByteWriter) {
        run.writeFields(to: &writer)
        frame.writeFields(to: &writer)
        writer.u64(token)
        writer.u16(attempt)
        writer.name(worker)
        writer.text(failure)
        writer.text(model)
        writer.u64(modelHash)
        writer.i64(startedAt)
        writer.u64(decodeNanoseconds)
        writer.u64(inferNanoseconds)
        writer.count(attributes.count)
        for attribute in attributes { attribute.writeFields(to: &writer) }
        writer.count(detections.count)
        for detection in detections { detection.writeFields(to: &writer) }
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        run = try Run(fields: &reader)
        frame = try FrameID(fields: &reader)
        token = try reader.u64()
        attempt = try reader.u16()
        worker = try reader.name("worker")
        failure = try reader.text("failure")
        model = try reader.text("model")
        modelHash = try reader.u64()
        startedAt = try reader.instant("started at")
        decodeNanoseconds = try reader.number("decode time")
        inferNanoseconds = try reader.number("infer time")
        attributes = []
        detections = []
        let attributeCount = try reader.count("attributes", elementByteCount: 4)
        for _ in 0..<attributeCount { attributes.append(try Attribute(fields: &reader)) }
        let detectionCount = try reader.count("detections", elementByteCount: 38)
        detections.reserveCapacity(detectionCount)
        for _ in 0..<detectionCount { detections.append(try Detection(fields: &reader)) }
    }
}

/// One fact about a whole frame, such as `("weather", "rain")`.
package struct Attribute: Sendable, Equatable {
    /// What it is about.
    package var key: String
    /// What it says.
    package var value: String

    /// Puts the parts together.
    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    func writeFields(to writer: inout ByteWriter) {
        writer.name(key)
        writer.text(value)
    }

    init(fields reader: inout ByteReader) throws(WireError) {
        key = try reader.name("attribute")
        value = try reader.text("attribute")
    }
}

/// One thing that a model found in a frame.
package struct Detection: Sendable, Equatable {
    /// What it is, such as `face`.
    package var label: String
    /// How sure the model is, 0 to 1.
    package var score: Float
    /// The box in pixels of the frame as sent: left edge.
    package var x: Float
    /// Top edge.
    package var y: Float
    /// Width, 0 or more.
    package var width: Float
    /// Height, 0 or more.
    package var height: Float
    /// Which moving thing this is, by the worker's count; 0 when it does not track.
    package var track: UInt64
    /// Points in pixels of the frame as sent: x, y, x, y, ...; for a face: eyes, nose, mouth corners.
    package var landmarks: [Float]
    /// The model's embedding of what is in the box; may be empty.
    package var embedding: [Float]

    /// Puts the parts together.
    package init(
        label: String,
        score: Float,
        x: Float,
        y: Float,
        width: Float,
        height: Float,
        track: UInt64 = 0,
        landmarks: [Float] = [],
        embedding: [Float] = []
    ) {
        self.label = label
        self.score = score
        self.x = x
        self.y = y
        self.width = width
        self.height = height
        self.track = track
        self.landmarks = landmarks
        self.embedding = embedding
    }

    func writeFields(to writer: inout ByteWriter) {
        writer.name(label)
        writer.f32(score)
        writer.f32(x)
        writer.f32(y)
        writer.f32(width)
        writer.f32(height)
        writer.u64(track)
        writer.count(landmarks.count)
        for value in landmarks { writer.f32(value) }
        writer.count(embedding.count)
        for value in embedding { writer.f32(value) }
    }

    init(fields reader: inout ByteReader) throws(WireError) {
        label = try reader.name("label")
        score = try reader.f32("score")
        x = try reader.f32("box")
        y = try reader.f32("box")
        width = try reader.f32("box")
        height = try reader.f32("box")
        track = try reader.number("track")
        landmarks = []
        embedding = []
        let landmarkCount = try reader.count("landmarks", elementByteCount: 4)
        for _ in 0..<landmarkCount { landmarks.append(try reader.f32("landmarks")) }
        let embeddingCount = try reader.count("embedding", elementByteCount: 4)
        for _ in 0..<embeddingCount { embedding.append(try reader.f32("embedding")) }
        try Self.check(score: score, width: width, height: height, landmarks.count)
    }

    static func check(
        score: Float,
        width: Float,
        height: Float,
        _ landmarkCount: Int
    ) throws(WireError) {
        guard (0...1).contains(score) else { throw .invalid("score") }
        guard width >= 0, height >= 0 else { throw .invalid("box") }
        guard landmarkCount.isMultiple(of: 2) else { throw .invalid("landmarks") }
    }
}
