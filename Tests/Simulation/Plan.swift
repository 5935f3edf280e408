internal import Wire

/// What a run of the simulation is made of, drawn from its seed.
///
/// Each run has only some kinds of fault, as some hide others: a broker that restarts all the time
/// never runs out of anything.
struct Plan {
    var cameras: [CameraWishes.Acknowledgement] = []
    var groups: [GroupDefinition] = []
    var payloadBudget = 64_000
    var slotBytes = 0
    var largestFrame = 1_500
    var creditFrames = 4
    var slots = 2
    var archiveMessages: UInt32 = 16

    var hasBrokerRestarts = false
    var hasArchiveRestarts = false
    var hasCameraRestarts = false
    var hasWorkerLosses = false
    var hasGoodbyes = false
    var hasHangs = false
    var hasStuckWorkers = false
    var hasLies = false
    var hasPoison = false
    var hasReplays = false
    var hasViewers = false
    var hasCuts = false
    /// Whether frames go on to flow when the faults are over, more than anybody can look at.
    var flows = false
    /// How many of 100 steps move a message; the fewer, the slower the network.
    var networkShare = 50

    private static let choices = [
        GroupDefinition(name: "durable", policy: .durable),
        GroupDefinition(name: "late", patterns: ["camera/1"], policy: .durable, start: .beginning),
        GroupDefinition(name: "queue", policy: .queue),
        GroupDefinition(name: "ordered", policy: .durable, order: .stream),
        GroupDefinition(name: "sticky", policy: .queue, order: .stream),
        GroupDefinition(name: "latest", patterns: ["camera/*"], policy: .latest),
    ]

    init(using random: inout SplitMix64) {
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let isArchive = Bool.random(using: &random)
            cameras.append(isArchive ? .archive : [.none, .broker].pick(using: &random))
        }
        groups = Self.choices.filter { _ in Bool.random(using: &random) }
        if groups.isEmpty { groups = [Self.choices[0]] }
        payloadBudget = [20_000, 40_000, 64_000, 200_000].pick(using: &random)
        largestFrame = [300, 1_500, 4_000].pick(using: &random)
        creditFrames = Int.random(in: 1...6, using: &random)
        slots = Int.random(in: 1...creditFrames, using: &random)
        archiveMessages = [2, 16, 64].pick(using: &random)
        networkShare = [50, 70, 85].pick(using: &random)
        hasBrokerRestarts = random.once(in: 2)
        hasArchiveRestarts = random.once(in: 2)
        hasCameraRestarts = random.once(in: 2)
        hasWorkerLosses = random.once(in: 2)
        hasHangs = random.once(in: 2)
        hasLies = random.once(in: 3)
        hasPoison = random.once(in: 3)
        hasReplays = random.once(in: 2)
        hasViewers = random.once(in: 3)
        hasCuts = random.once(in: 2)
        hasGoodbyes = random.once(in: 2)
        hasStuckWorkers = random.once(in: 3)
        flows = random.once(in: 8)
        slotBytes = random.once(in: 4) ? 100 : 0
    }

    /// Whether only poison can bring a frame to its last attempt.
    var onlyPoisonKills: Bool {
        !hasHangs && !hasStuckWorkers && !hasWorkerLosses && !hasCuts && !hasLies
    }
}

extension Array {
    /// One of the elements, of which there is at least one.
    fileprivate func pick(using random: inout SplitMix64) -> Element {
        self[Int.random(in: indices, using: &random)]
    }
}
