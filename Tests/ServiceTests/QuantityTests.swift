import Service
import Testing

@Suite struct QuantityTests {
    @Test(arguments: [
        ("0", 0), ("4096", 4_096), ("64MiB", 64 << 20), ("1GiB", 1 << 30), ("1.5 kib", 1_536),
        ("2MB", 2_000_000), ("1g", 1 << 30), ("3T", 3 << 40),
    ])
    func aSizeIsReadWithItsUnit(text: String, bytes: Int) {
        #expect(ByteCount(argument: text)?.bytes == bytes)
    }

    @Test(arguments: ["", "MiB", "-1", "1XB", "1e400", "9e30", "12 12"])
    func aSizeThatIsNoneIsNotRead(text: String) {
        #expect(ByteCount(argument: text) == nil)
    }

    @Test(arguments: [0, 1, 1_500, 1 << 20, 64 << 20, 1 << 30, 3 << 29])
    func aSizeIsWrittenAsItIsRead(bytes: Int) {
        let text = ByteCount(bytes).defaultValueDescription
        #expect(ByteCount(argument: text)?.bytes == bytes)
    }

    @Test(arguments: [
        ("10", Duration.seconds(10)), ("10s", .seconds(10)), ("500ms", .milliseconds(500)),
        ("0.25", .milliseconds(250)), ("2m", .seconds(120)), ("1h", .seconds(3_600)),
        ("7d", .seconds(604_800)), ("0", .zero),
    ])
    func aTimeIsReadWithItsUnit(text: String, duration: Duration) {
        #expect(Duration(argument: text) == duration)
    }

    @Test(arguments: ["", "s", "-1s", "10 weeks", "1e300"])
    func aTimeThatIsNoneIsNotRead(text: String) {
        #expect(Duration(argument: text) == nil)
    }

    @Test func anImageSizeHasLimitsOnBothSides() {
        #expect(ImageSize(argument: "1280x720")?.widthPixels == 1_280)
        #expect(ImageSize(argument: "1280x720")?.heightPixels == 720)
        #expect(ImageSize(argument: "1x1") != nil)
        #expect(ImageSize(argument: "16384x3906") != nil)
        #expect(ImageSize(argument: "16384x3907") == nil)
        #expect(ImageSize(argument: "16385x1") == nil)
        for text in ["0x1", "1x0", "10", "10x", "x10", "10x10x10", "-1x4"] {
            #expect(ImageSize(argument: text) == nil)
        }
    }
}

@Suite struct ReadableTests {
    @Test(arguments: [
        (0, "0 B"), (1_023, "1023 B"), (1_024, "1 KiB"), (13_002_342, "12.4 MiB"),
        (1_048_575, "1 MiB"), (1 << 30, "1 GiB"), (5 << 40, "5 TiB"), (104_857_600, "100 MiB"),
    ])
    func bytesAreWrittenInThreeDigits(count: Int, text: String) {
        #expect(Readable.bytes(count) == text)
    }

    @Test(arguments: [
        (Duration.zero, "0 µs"), (.microseconds(450), "450 µs"), (.milliseconds(12), "12 ms"),
        (.milliseconds(1_234), "1.2 s"), (.milliseconds(999), "999 ms"), (.seconds(60), "60 s"),
        (.seconds(200), "3 min 20 s"), (.seconds(7_500), "2 h 5 min"),
        (.seconds(180_000), "2 d 2 h"),
    ])
    func timesAreWrittenInTheUnitThatFits(duration: Duration, text: String) {
        #expect(Readable.duration(duration) == text)
    }

    @Test(arguments: [(0, "0"), (999, "999"), (3_402, "3,402"), (-1_234_567, "-1,234,567")])
    func countsAreWrittenInGroups(count: Int, text: String) {
        #expect(Readable.count(count) == text)
    }

    @Test(arguments: [(0.0, "0"), (0.123, "0.12"), (1.25, "1.3"), (12.34, "12.3"), (99.97, "100")])
    func numbersAreWrittenInAboutThreeDigits(value: Double, text: String) {
        #expect(Readable.threeDigits(value) == text)
    }
}
