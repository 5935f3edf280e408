import Foundation

/// A picture of a gallery, with boxes on top and a few words under it.
struct GalleryCard {
    /// A rectangle on the picture.
    struct Mark {
        var box: Box
        /// What stands beside it.
        var text: String
        /// What is said of it when the pointer rests on it.
        var detail: String
        /// Its colour on the wheel, 0 to 359 degrees.
        var hue: Int
        /// Whether its line is broken.
        var isDashed = false
    }

    /// Where the image is, relative to the page; not yet escaped.
    var path: String
    /// Whether browsers can show the image.
    var isShown: Bool
    var width: Int
    var height: Int
    var title: String
    var time: String
    /// Lines under the title.
    var lines: [String]
    var marks: [Mark]
}

/// A gallery as HTML, in one file that needs no other but the images.
///
/// Pure. Every text is escaped; without scripts.
enum Gallery {
    /// The beginning of a page, up to its first card.
    ///
    /// - Parameters:
    ///   - title: What the gallery shows.
    ///   - legend: Words, each with its colour on the wheel.
    ///   - number: The page's number, from 1.
    /// - Returns: HTML.
    static func head(
        title: String,
        legend: [(words: String, hue: Int)] = [],
        page number: Int
    ) -> String {
        let chips = legend.map { words, hue in
            "<span class=chip style=\"--h:\(hue)\">\(text(words))</span>"
        }
        let page = number == 1 ? "" : ", page \(number)"
        return """
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <meta name="color-scheme" content="light dark">
            <title>\(text(title))\(page)</title>
            <style>
            \(style)
            </style>
            <h1>\(text(title))\(page)</h1>
            \(chips.joined(separator: " "))
            <input type="checkbox" id="boxes" checked><label for="boxes">boxes</label>
            \(navigation(page: number, hasNext: false))
            <main>

            """
    }

    /// The end of a page.
    static func foot(page number: Int, hasNext: Bool) -> String {
        "</main>\n\(navigation(page: number, hasNext: hasNext))\n</html>\n"
    }

    /// The file of a page.
    static func fileName(page number: Int) -> String {
        number == 1 ? "index.html" : "page-\(number).html"
    }

    private static func navigation(page number: Int, hasNext: Bool) -> String {
        var links: [String] = []
        if number > 1 { links.append("<a href=\"\(fileName(page: number - 1))\">← before</a>") }
        if hasNext { links.append("<a href=\"\(fileName(page: number + 1))\">more →</a>") }
        return "<nav>\(links.joined(separator: " "))</nav>"
    }

    /// One card.
    static func card(_ card: GalleryCard) -> String {
        let size = "width=\"\(card.width)\" height=\"\(card.height)\""
        let link = text(address(card.path))
        let picture =
            card.isShown
            ? "<img loading=\"lazy\" decoding=\"async\" \(size) src=\"\(link)\" alt=\"\(text(card.title))\">"
            : "<span class=raw>browsers do not show this format</span>"
        let letters = max(card.width, card.height) / 32
        let marks = card.marks.map { mark(of: $0, letters, card.width) }.joined()
        let lines = card.lines.map { "<div>\(text($0))</div>" }.joined()
        return """
            <figure><a href="\(link)" style="aspect-ratio:\(card.width)/\(card.height)">\(picture)\
            <svg viewBox="0 0 \(card.width) \(card.height)" font-size="\(max(1, letters))">\(marks)</svg></a>
            <figcaption><b>\(text(card.title))</b> <time>\(text(card.time))</time>\(lines)</figcaption></figure>

            """
    }

    private static func mark(of mark: GalleryCard.Mark, _ letters: Int, _ width: Int) -> String {
        let box = mark.box
        // Above the box, or within it at the picture's edge.
        let top = box.y < Double(letters) * 1.3 ? box.y + Double(letters) * 1.1 : box.y - 4
        let isRight = box.x > Double(width) * 0.8
        let left = isRight ? box.x + box.width : box.x
        return """
            <g style="--h:\(mark.hue)"\(mark.isDashed ? " class=\"dashed\"" : "")>\
            <title>\(text(mark.detail))</title>\
            <rect x="\(number(box.x))" y="\(number(box.y))" width="\(number(max(0, box.width)))" \
            height="\(number(max(0, box.height)))"/>\
            <text x="\(number(left))" y="\(number(top))"\(isRight ? " text-anchor=\"end\"" : "")>\
            \(text(mark.text))</text></g>
            """
    }

    /// The colour of a word, the same everywhere: FNV-1a of its bytes.
    static func hue(of word: String) -> Int {
        let hash = word.utf8.reduce(0x811c_9dc5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        return Int(hash % 360)
    }

    /// Text that stands for itself, also within quotation marks.
    static func text(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case _ where scalar.properties.generalCategory == .control: escaped += " "
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A path as a relative address: a `%` in a name is a character of it.
    static func address(_ path: String) -> String {
        let plain = CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyz0123456789-_./")
            .union(CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        return path.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
    }

    /// A coordinate, to a tenth of a pixel; what is no number is 0.
    private static func number(_ value: Double) -> String {
        value.isFinite ? String(format: "%.1f", value) : "0"
    }

    private static let style = """
        :root { --paper: #fafaf9; --ink: #1c1f22; --faint: #6a7178; --card: #fff; --edge: #e2e2df }
        @media (prefers-color-scheme: dark) {
          :root { --paper: #15171a; --ink: #e6e8ea; --faint: #98a0a8; --card: #1e2125; --edge: #2c3035 }
        }
        body { margin: 1.5rem; font: 14px/1.45 system-ui, sans-serif; color: var(--ink);
          background: var(--paper) }
        h1 { font-size: 1.15rem; font-weight: 600; margin: 0 0 .75rem; overflow-wrap: anywhere }
        nav { margin: .75rem 0; display: flex; gap: 1rem }
        a { color: inherit }
        main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(320px, 100%), 1fr)) }
        figure { margin: 0; background: var(--card); border: 1px solid var(--edge); border-radius: 8px;
          overflow: hidden; content-visibility: auto; contain-intrinsic-size: auto 300px }
        figure > a { position: relative; display: block; background: #0003 }
        img, svg { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain }
        figcaption { padding: .5rem .75rem .65rem; overflow-wrap: anywhere }
        time, figcaption div, .raw, label { color: var(--faint) }
        time { float: right; font-variant-numeric: tabular-nums }
        .raw { position: absolute; inset: 0; display: grid; place-items: center }
        .chip { padding: .1em .6em; border-radius: 1em; border: 2px solid hsl(var(--h) 80% 50%) }
        rect { fill: none; stroke: hsl(var(--h) 90% 55%); stroke-width: 2px; pointer-events: all;
          vector-effect: non-scaling-stroke }
        .dashed rect { stroke-dasharray: 6 4 }
        text { fill: #fff; stroke: hsl(var(--h) 90% 18%); stroke-width: .22em; paint-order: stroke;
          stroke-linejoin: round; font-family: system-ui, sans-serif; font-weight: 600 }
        #boxes:not(:checked) ~ main svg { display: none }
        """
}
