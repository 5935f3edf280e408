import Wire

/// Makes valid messages at random: the same ones for the same seed.
struct RandomMessages {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// A message of `type`.
    mutating func message(_ type: MessageType) -> any WireMessage {
        switch type {
        case .hello: hello()
        case .welcome: welcome()
        case .error: ErrorMessage(code: one(), mayGoOn: flag(), sentence: text())
        case .heartbeat: Heartbeat()
        case .goodbye: Goodbye(reason: text())
        case .memory: Memory(key: u64(), path: text())
        case .sharedPayload: SharedPayload(key: u64(), offset: u64())
        case .bundle: Bundle(count: Int(u32(0) % 257))
        case .frame: frame()
        case .ack: ack()
        case .gap: gap()
        case .deliver: deliver()
        case .result: result()
        case .committed: Committed(count: number(), trouble: text())
        case .fetch:
            Fetch(run: run(), stream: stream(), after: place(), frames: u32(1), bytes: number())
        case .fetched: Fetched(run: run())
        case .end: end()
        case .stream: StreamState(stream: stream(), next: somePlace())
        case .group: group()
        case .debt: debt()
        case .ready: Ready()
        case .dead: deadLetter()
        case .checkpoint:
            Checkpoint(position: number(), byteCount: u32(0, 64 << 20), payloadHash: u64())
        case .job: job()
        case .owed: Owed(run: run(), stream: stream(), epoch: number(), ranges: ranges())
        case .order: Order(one(), name: name(), at: instant(), words: text())
        case .stretch:
            Stretch(
                one(),
                name: name(),
                run: u32(),
                stream: stream(),
                epoch: number(),
                ranges: ranges()
            )
        case .stub: Stub(frame: frameID(), capturedAt: instant())
        case .begun: Begun(at: instant())
        case .status: status()
        case .streamStatus: streamStatus()
        case .groupStatus: groupStatus()
        case .workerStatus: workerStatus()
        }
    }

    // MARK: Values

    mutating func flag() -> Bool { Bool.random(using: &random) }
    mutating func u64() -> UInt64 { random.next() }

    mutating func u32(_ low: UInt32 = 0, _ high: UInt32 = .max) -> UInt32 {
        .random(in: low...high, using: &random)
    }

    private mutating func u16() -> UInt16 { .random(in: 0 ... .max, using: &random) }

    mutating func number() -> UInt64 { random.next() >> UInt64.random(in: 1...63) }

    mutating func instant() -> Int64 { Int64(number()) }

    private mutating func float(_ range: ClosedRange<Float> = -20_000...20_000) -> Float {
        .random(in: range, using: &random)
    }

    mutating func one<Choice: CaseIterable>() -> Choice {
        Array(Choice.allCases)[Int(u32(0, UInt32(Choice.allCases.count - 1)))]
    }

    private mutating func list<Element>(
        upTo limit: UInt32,
        _ make: (inout Self) -> Element
    ) -> [Element] {
        (0..<u32(0, limit)).map { _ in make(&self) }
    }

    private mutating func word(_ alphabet: String, _ lengths: ClosedRange<Int>) -> String {
        let letters = Array(alphabet)
        let count = Int.random(in: lengths, using: &random)
        return String((0..<count).map { _ in letters.randomElement(using: &random) ?? "a" })
    }

    mutating func stream() -> String {
        word("abcdefghijklmnopqrstuvwxyz0123456789-_./", 1...64)
    }

    private mutating func pattern() -> String { word("abc*-_./019", 1...64) }
    mutating func groupName() -> String { word("abcxyz019-_.", 1...64) }
    mutating func name() -> String { word("aZ é😀\u{301}\n\"", 0...7) }
    mutating func text() -> String { word("some words é😀\u{301}\0", 0...300) }

    // MARK: Structures

    private mutating func run() -> Run { Run(group: groupName(), number: u32()) }
    mutating func somePlace() -> Place { Place(epoch: number(), sequence: number()) }
    private mutating func place() -> Place? { flag() ? somePlace() : nil }

    mutating func frameID() -> FrameID {
        FrameID(stream: stream(), epoch: number(), sequence: number() / 2)
    }

    mutating func group() -> GroupDefinition {
        GroupDefinition(
            name: groupName(),
            patterns: list(upTo: 64) { $0.pattern() },
            policy: one(),
            order: one(),
            start: one()
        )
    }

    private mutating func ranges() -> [ClosedRange<UInt64>] {
        var next: UInt64 = 0
        return list(upTo: 50) { random in
            let first = next + UInt64(random.u16())
            let last = first + UInt64(random.u16())
            next = last + 1
            return first...last
        }
    }

    private mutating func detection() -> Detection {
        Detection(
            label: name(),
            score: float(0...1),
            x: float(),
            y: float(),
            width: float(0...20_000),
            height: float(0...20_000),
            track: number(),
            landmarks: list(upTo: 5) { [$0.float(), $0.float()] }.flatMap(\.self),
            embedding: list(upTo: 128) { $0.float(-1...1) }
        )
    }

    // MARK: Messages

    private mutating func hello() -> Hello {
        let role: Hello.Role =
            switch u32(0, 3) {
            case 0: .camera(CameraWishes(stream: stream(), epoch: number(), acknowledgement: one()))
            case 1:
                .worker(
                    WorkerWishes(
                        group: group(),
                        creditFrames: u32(1),
                        creditBytes: number() >> 23,
                        slots: u32(1),
                        model: text()
                    )
                )
            case 2: .archive(ArchiveWishes(creditMessages: u32(1), creditBytes: number() >> 23))
            default: .viewer(patterns: list(upTo: 64) { $0.pattern() })
            }
        return Hello(name: name(), largestMessage: u32(), role: role)
    }

    private mutating func welcome() -> Welcome {
        var welcome = Welcome()
        welcome.session = u64()
        welcome.heartbeatMilliseconds = u32(1, 10_000)
        welcome.silenceMilliseconds = u32(10_001)
        welcome.largestMessage = u32()
        welcome.lastEpoch = number()
        welcome.creditFrames = u32()
        welcome.creditBytes = number() >> 23
        welcome.note = text()
        return welcome
    }

    private mutating func frame() -> Frame {
        let format: Frame.Format = one()
        let (width, height) = (u32(1, 4_000), u32(1, 4_000))
        let byteCount =
            switch format {
            case .jpeg, .png: u32(1, 64 << 20)
            case .bgr8: width * height * 3
            case .gray8: width * height
            }
        return Frame(
            id: frameID(),
            capturedAt: instant(),
            format: format,
            width: width,
            height: height,
            byteCount: byteCount,
            payloadHash: u64(),
            parent: flag() ? frameID() : nil
        )
    }

    private mutating func ack() -> Ack {
        Ack(
            stream: stream(),
            epoch: number(),
            receivedNext: number(),
            archivedNext: number(),
            limit: number()
        )
    }

    private mutating func gap() -> Gap {
        let first = number() / 2
        return Gap(
            stream: stream(),
            epoch: number(),
            first: first,
            last: first + number() / 2,
            reason: one(),
            group: flag() ? groupName() : ""
        )
    }

    private mutating func deliver() -> Deliver {
        Deliver(
            token: u64(),
            run: run(),
            attempt: u16(),
            assignment: number(),
            deadlineMilliseconds: u32()
        )
    }

    private mutating func result() -> Wire.Result {
        Wire.Result(
            run: run(),
            frame: frameID(),
            token: u64(),
            attempt: u16(),
            worker: name(),
            failure: text(),
            model: text(),
            modelHash: u64(),
            startedAt: instant(),
            decodeNanoseconds: number(),
            inferNanoseconds: number(),
            attributes: list(upTo: 9) { Attribute(key: $0.name(), value: $0.text()) },
            detections: list(upTo: 40) { $0.detection() }
        )
    }

    private mutating func end() -> End {
        End(
            run: run(),
            stream: stream(),
            through: place(),
            isHead: flag(),
            owedFrames: number(),
            owedBytes: number()
        )
    }

    private mutating func debt() -> Debt {
        var debt = Debt(run: run(), stream: stream(), owedFrames: number())
        debt.completedFrames = number()
        debt.failedFrames = number()
        debt.deadFrames = number()
        debt.shedFrames = number()
        return debt
    }

    private mutating func deadLetter() -> DeadLetter {
        DeadLetter(
            run: run(),
            frame: frameID(),
            attempts: u16(),
            reason: text(),
            worker: name(),
            at: instant()
        )
    }

    private mutating func job() -> Job {
        Job(
            number: number(),
            run: run(),
            state: one(),
            pace: Double(float(0...100)),
            createdAt: instant(),
            frames: number(),
            selection: text(),
            rate: Double(float(0...100)),
            silences: list(upTo: 3) { .init(end: $0.instant(), leftOut: $0.number()) }
        )
    }
}
