/// What the command line asks a serving archive, as JSON over `DATA/control`.
///
/// Private to this project: both ends are always of one version.
package enum ControlRequest: Codable, Sendable, Equatable {
    /// How the archive is.
    case status
    /// Wait until the catalog has everything that is promised now.
    case catchUp
    /// Begin a replay.
    case replay(ReplayRequest)
    /// How a replay is.
    case job(number: UInt64)
    /// Pause a replay, let it go on, or call it off.
    case change(number: UInt64, JobChange)
    /// A frame's record, which follows the reply as a part of its own.
    case frame(stream: String, epoch: UInt64, sequence: UInt64)
    /// The next records of the log from a position on; their bytes follow the reply as one part.
    case records(from: UInt64)
    /// Where a frame's record is in the log.
    case position(stream: String, epoch: UInt64, sequence: UInt64)
    /// Take in the records of another archive whose bytes follow as a part of their own.
    case transfer
    /// Begin a long work.
    case begin(WorkRequest)
    /// How far a long work is.
    case work(number: UInt64)
}

/// A request with the number that its reply carries.
struct ControlQuestion: Codable, Sendable {
    /// Counts a client's requests, from 1.
    var number: UInt64
    /// What is asked.
    var request: ControlRequest
}

/// What can be done to a replay that is under way.
package enum JobChange: String, Codable, Sendable {
    /// No more frames go out; what workers have is finished.
    case pause
    /// It goes on where it was.
    case resume
    /// It is over; what is done stays done.
    case cancel
}

/// Which frames a replay takes, where they go, and how fast.
package struct ReplayRequest: Codable, Sendable, Equatable {
    /// The frames.
    package var selection: Catalog.Selection
    /// The group that gets them.
    package var group: String
    /// Times the speed of the recording; 0 is as fast as it goes.
    package var pace: Double
    /// The selection in words, for people.
    package var words: String
    /// Frames a second at most; 0 is without a limit.
    package var rate: Double
    /// The longest silence of the recording that is played, in nanoseconds; `nil` for any.
    package var maxGap: UInt64?

    /// Puts the parts together.
    package init(
        selection: Catalog.Selection,
        group: String,
        pace: Double,
        words: String,
        rate: Double = 0,
        maxGap: UInt64? = nil
    ) {
        self.selection = selection
        self.group = group
        self.pace = pace
        self.words = words
        self.rate = rate
        self.maxGap = maxGap
    }
}

/// What a serving archive answers.
package struct ControlReply: Codable, Sendable {
    /// Why it cannot be done.
    package struct Refusal: Codable, Sendable {
        /// What kind of thing went wrong.
        package var kind: RecordingError.Kind
        /// What happened, and what to do.
        package var sentence: String

        /// What `error` says.
        init(_ error: RecordingError) {
            self.init(kind: error.kind, sentence: error.description)
        }

        init(kind: RecordingError.Kind, sentence: String) {
            self.kind = kind
            self.sentence = sentence
        }
    }

    /// The number of the request; 0 when that could not be read.
    var number: UInt64 = 0
    /// Set when it cannot be done.
    package var refusal: Refusal?
    /// How far the catalog is behind, in a sentence; the answer to ``ControlRequest/catchUp`` when
    /// that took too long.
    var behind: String?
    /// The answer to ``ControlRequest/status``.
    package var status: ArchiveStatus?
    /// The answer to the requests about replays.
    package var job: JobProgress?
    /// The answer to ``ControlRequest/records(from:)``.
    package var records: RecordStretch?
    /// The answer to ``ControlRequest/position(stream:epoch:sequence:)``; `nil` without such a frame.
    package var position: UInt64?
    /// The answer to ``ControlRequest/transfer``.
    package var transfer: TransferCounts?
    /// The answer to the requests about long works.
    package var work: WorkStatus?
}

/// Records of the log whose bytes lie one behind the other.
package struct RecordStretch: Codable, Sendable, Equatable {
    /// Where each record is in the log.
    package var positions: [UInt64] = []
    /// How many bytes each has.
    package var byteCounts: [Int] = []
    /// Where to go on; the end of the log when there is nothing more.
    package var next: UInt64 = 0
}

/// How an archive is.
package struct ArchiveStatus: Codable, Sendable, Equatable {
    /// Files of the log.
    package var segments: Int
    /// Positions promised so far.
    package var promised: UInt64
    /// Up to which position the catalog is complete.
    package var cataloged: UInt64
    /// All replays, by number.
    package var jobs: [JobProgress]
    /// What is not done.
    package var debts: [RunDebt]
    /// The pins, by name.
    package var pins: [PinStatus] = []
    /// The groups, by name.
    package var groups: [RecordedGroup] = []

    /// What a run owes.
    package struct RunDebt: Codable, Sendable, Equatable {
        /// The group.
        package var group: String
        /// 0 for the live run.
        package var run: UInt32
        /// Frames.
        package var owed: UInt64
    }
}

/// How far a replay has come.
package struct JobProgress: Codable, Sendable, Equatable {
    /// Counts all replays of the archive.
    package var number: UInt64
    /// The group.
    package var group: String
    /// The run of the group.
    package var run: UInt32
    /// `running`, `paused`, `done` or `cancelled`.
    package var state: String
    /// Times the speed of the recording; 0 is as fast as it goes.
    package var pace: Double
    /// Frames a second at most; 0 is without a limit.
    package var rate: Double
    /// Frames selected.
    package var frames: UInt64
    /// Frames not done.
    package var owed: UInt64
    /// Frames with a result, as far as the catalog knows.
    package var completed: UInt64 = 0
    /// Those of them whose result is a failure.
    package var failed: UInt64 = 0
    /// Frames given up, as far as the catalog knows.
    package var dead: UInt64 = 0
    /// When it was asked for, UTC.
    package var createdAt: String
    /// What was selected, in words.
    package var selection: String

    /// Whether nothing more will happen.
    package var isOver: Bool { state == "done" || state == "cancelled" }
}
