package import ArgumentParser
import CLinux

#if canImport(Glibc)
import Glibc
#endif

/// How every program of Zoetrope begins and ends.
package enum Program {
    /// The version that `--version` prints.
    package static let version = "0.1.0"

    /// Parses the command line, runs the command it names and ends the process.
    ///
    /// Help and results go to stdout. What went wrong goes to stderr as `error: sentence`, and the
    /// exit code is that of the ``Failure``: 64 for usage, 1 for errors of other types.
    ///
    /// - Parameters:
    ///   - root: The program's root command.
    ///   - arguments: The command line without the program's name; nil for the process's own.
    package static func main<Root: ParsableCommand>(
        _ root: Root.Type,
        arguments: [String]? = nil
    ) -> Never {
        // Lines appear as they are printed, also when stdout is a pipe.
        linux_line_buffer_stdout()
        linux_keep_freed_memory()
        do {
            var command = try root.parseAsRoot(arguments)
            if let failure = Setting.failures.first { throw failure }
            try command.run()
            endOutput()
        } catch {
            end(root, with: error)
        }
    }

    /// Lets the process have as many connections as the system allows it at most.
    ///
    /// Shells and systemd allow 1,024 files to who does not ask, for the sake of programs that use
    /// `select`. A broker without a file left lets nobody in.
    package static func allowManyConnections() { linux_raise_open_file_limit() }

    private static func end<Root: ParsableCommand>(
        _ root: Root.Type,
        with error: any Error
    ) -> Never {
        if let failure = error as? Failure {
            complain(failure.sentence)
            exit(failure.kind.rawValue)
        }
        switch root.exitCode(for: error) {
        case .success:
            print(root.fullMessage(for: error))
            exit(0)
        case .validationFailure:
            let command = commandName(root, of: error)
            complain("\(sentence(root.message(for: error))) (see \(command) --help)")
            exit(Failure.Kind.usage.rawValue)
        case let code:
            let message = root.message(for: error)
            if !message.isEmpty { complain(sentence(message)) }
            exit(code.rawValue)
        }
    }

    /// Ends a process whose command has done its work: with an error when stdout did not take it all.
    private static func endOutput() -> Never {
        switch linux_finish_stdout() {
        case 0: exit(0)
        case 1: complain("the output cannot be written in full: is the disk full?")
        default: break  // A reader such as `head` has what it wanted.
        }
        exit(1)
    }

    /// Writes `error: sentence` to stderr.
    package static func complain(_ sentence: String) {
        StandardError.write("error: \(sentence)\n")
    }

    /// The command that a usage error is about, with the names of those that it belongs to.
    ///
    /// The parser knows it, and says it only at the end of its long message.
    private static func commandName<Root: ParsableCommand>(
        _ root: Root.Type,
        of error: any Error
    ) -> String {
        let message = root.fullMessage(for: error)
        if let match = message.matches(of: /See '([a-z -]+) --help' for more/).last {
            return String(match.1)
        }
        return root.configuration.commandName ?? String(describing: root).lowercased()
    }

    /// ArgumentParser's message, whose list of choices may have a line for each.
    private static func sentence(_ text: String) -> String {
        var sentence = ""
        for line in text.split(separator: "\n") {
            let words = line.drop { $0 == " " }
            if words.hasPrefix("- ") {
                sentence += (sentence.hasSuffix(":") ? " " : ", ") + words.dropFirst(2)
            } else if !words.isEmpty {
                sentence += (sentence.isEmpty ? "" : " ") + words
            }
        }
        return sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    }
}

/// The process's stderr, unbuffered.
package enum StandardError {
    /// Writes `text` as a whole: lines of several threads do not mix.
    package static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var rest = unsafe UnsafeRawBufferPointer(bytes)[...]
            while unsafe !rest.isEmpty {
                let count = unsafe Glibc.write(
                    STDERR_FILENO,
                    UnsafeRawBufferPointer(rebasing: rest).baseAddress,
                    rest.count
                )
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return }
                unsafe rest = rest.dropFirst(count)
            }
        }
    }
}
