/// What has become of the records of a transfer file.
package struct TransferCounts: Codable, Sendable, Equatable {
    /// Frames stored.
    package var frames = 0
    /// Frames that the archive had.
    package var framesThere = 0
    /// Frames that are older than what the archive has of their stream, and not in it.
    package var framesOlder = 0
    /// Frames under whose name the archive has another picture.
    package var framesDiffering = 0
    /// Frames of streams that a camera sends to this archive.
    package var framesArriving = 0
    /// Results stored.
    package var results = 0
    /// Results that the archive had, or something else for the same frame, group and run.
    package var resultsThere = 0
    /// Results about frames that the archive does not have.
    package var resultsWithoutFrame = 0
    /// Results of runs that are the archive's own replays.
    package var resultsOfOwnRuns = 0

    /// Nothing yet.
    package init() {}

    /// Frames and results that were not taken in and are not there.
    package var skipped: Int {
        framesOlder + framesDiffering + framesArriving + resultsWithoutFrame + resultsOfOwnRuns
    }

    /// Adds what has become of more records.
    package mutating func add(_ other: Self) {
        frames += other.frames
        framesThere += other.framesThere
        framesOlder += other.framesOlder
        framesDiffering += other.framesDiffering
        framesArriving += other.framesArriving
        results += other.results
        resultsThere += other.resultsThere
        resultsWithoutFrame += other.resultsWithoutFrame
        resultsOfOwnRuns += other.resultsOfOwnRuns
    }
}
