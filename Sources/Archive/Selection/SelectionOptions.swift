import ArgumentParser
import Recording
import Service

/// Which frames a command is about; the same for `search`, `export` and `replay`.
struct SelectionOptions: ParsableArguments {
    @Option(
        name: .customLong("stream"),
        help: .setting("A stream's name, or a pattern with *.", "stream")
    )
    var streamOption: String?

    @OptionGroup var when: PeriodOptions

    @Option(
        name: .customLong("label"),
        help: .setting("Only frames on which this was found, such as person.", "label")
    )
    var labelOption: String?

    @Option(
        name: .customLong("min-score"),
        hinting: .setting(
            "Only frames with a detection as sure as that, 0 to 1.",
            "min-score",
            valueName: "score"
        )
    )
    var minScoreOption: Double?

    @Option(
        name: .customLong("min-count"),
        hinting: .setting(
            "Only frames with so many such detections in one result.",
            "min-count",
            valueName: "count"
        )
    )
    var minCountOption: Int?

    @Option(
        name: .customLong("run"),
        hinting: .setting(
            "Only what this run has found, a number or GROUP:NUMBER; 0 is the live run.",
            "run",
            valueName: "run"
        )
    )
    var runOption: RunName?

    @Option(
        name: .customLong("where"),
        help: .setting(
            "Only frames for which this is so, in SQL about the columns of frames, such as 'width >"
                + " 1000'.",
            "where",
            valueName: "sql"
        )
    )
    var whereOption: String?

    /// The streams, if they are named.
    var stream: String? { streamOption ?? Setting.optional("stream") }

    private var run: RunName? { runOption ?? Setting.optional("run") }
    private var condition: String? { whereOption ?? Setting.optional("where") }

    /// What the results must say; `group` is that of an option of the command's own.
    func results(group: String? = nil) -> Catalog.ResultFilter {
        Catalog.ResultFilter(
            group: group ?? run?.group,
            run: run?.number,
            label: labelOption ?? Setting.optional("label"),
            minScore: minScoreOption ?? Setting.optional("min-score"),
            minCount: minCountOption ?? Setting.optional("min-count")
        )
    }

    func validate() throws {
        let filter = results()
        if let score = filter.minScore, !(0...1).contains(score) {
            throw ValidationError("--min-score is \(score); it is a number from 0 to 1")
        }
        if let count = filter.minCount, count < 1 {
            throw ValidationError("--min-count is \(count); it is a number above 0")
        }
    }

    /// Checks that `--group` and `--run` do not name different groups.
    func check(group: String?) throws(ValidationError) {
        guard let group, let other = run?.group, other != group else { return }
        throw ValidationError("--group is \(group), and --run is of group \(other); name one")
    }

    /// The selection.
    func selection(group: String? = nil) -> Catalog.Selection {
        Catalog.Selection(
            stream: stream ?? "*",
            since: when.since?.nanoseconds,
            until: when.until?.nanoseconds,
            results: results(group: group),
            condition: condition
        )
    }

    /// The selection in words.
    func words(group: String? = nil) -> String {
        var words = "stream \(stream ?? "*")\(when.words)"
        let filter = results(group: group)
        if filter.wantsDetections {
            let least = filter.minCount.map { "\($0) or more " } ?? ""
            words += " with \(least)detections\(filter.label.map { " of label \($0)" } ?? "")"
            if let score = filter.minScore { words += " of score \(score) or more" }
        }
        switch (filter.group, filter.run) {
        case (let group?, let run?): words += " by run \(group):\(run)"
        case (let group?, nil): words += " by group \(group)"
        case (nil, let run?): words += " by run \(run) of any group"
        case (nil, nil): break
        }
        if let condition { words += " where \(condition.prefix(200))" }
        return words
    }
}

/// The option of the commands for which `--group` says whose results count.
struct ResultGroupOption: ParsableArguments {
    @Option(help: .setting("Only what this group has found.", "group"))
    var group: String?

    /// The group, if it is named.
    var name: String? { group ?? Setting.optional("group") }
}
