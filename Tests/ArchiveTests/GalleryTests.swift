import Foundation
import TestSupport
import Testing

@testable import Archive

@Suite struct GalleryTests {
    private func card(_ path: String, label: String = "person") -> GalleryCard {
        GalleryCard(
            path: path,
            isShown: true,
            width: 100,
            height: 50,
            title: "lobby/left 1",
            time: "2026-11-24 10:00:00.000",
            lines: ["faces:0: \(label) 0.5"],
            marks: [
                GalleryCard.Mark(
                    box: Box(x: 1, y: 2, width: .nan, height: 4),
                    text: label,
                    detail: label,
                    hue: 7
                )
            ]
        )
    }

    @Test func whatAWorkerSaysNeverBecomesMarkup() {
        let evil = "</title><script>alert('x')</script>\" onload=\"x&\u{0}"
        let html =
            Gallery.head(title: evil, legend: [(evil, 1)], page: 1)
            + Gallery.card(card("images/\(evil).jpg", label: evil))
        #expect(!html.contains("<script"))
        #expect(!html.contains("onload=\""))
        #expect(!html.contains("\u{0}"))
        #expect(html.contains("&lt;script&gt;alert(&#39;x&#39;)"))
    }

    @Test func aPerCentSignInAFilesNameIsEscapedInItsAddress() {
        #expect(Gallery.address("images/a%2Fb/1 2.jpg") == "images/a%252Fb/1%202.jpg")
        #expect(Gallery.card(card("images/a%2Fb/1.jpg")).contains("src=\"images/a%252Fb/1.jpg\""))
    }

    @Test func boxesLieOnThePictureInItsOwnPixels() {
        let html = Gallery.card(card("a.jpg"))
        #expect(html.contains("<svg viewBox=\"0 0 100 50\""))
        #expect(html.contains("<rect x=\"1.0\" y=\"2.0\" width=\"0.0\" height=\"4.0\"/>"))
        #expect(html.contains("loading=\"lazy\""))
    }

    @Test func aPageNeedsNothingButItsImages() {
        let head = Gallery.head(title: "all", page: 1)
        for outside in ["http", "//", "@import", "url(", "<link"] {
            #expect(!head.contains(outside))
        }
        #expect(head.contains("prefers-color-scheme: dark"))
    }

    @Test func aLongGalleryHasPagesThatLeadToEachOther() throws {
        let directory = try TemporaryDirectory()
        var gallery = try GalleryWriter(to: directory.path, title: "all")
        for number in 0..<GalleryWriter.pageLimit + 1 { try gallery.add(card("\(number).jpg")) }
        try gallery.finish()
        func page(_ name: String) throws -> String {
            try String(contentsOf: directory.url.appending(path: name), encoding: .utf8)
        }
        let (first, second) = (try page("index.html"), try page("page-2.html"))
        #expect(first.matches(of: /<figure>/).count == GalleryWriter.pageLimit)
        #expect(first.contains("href=\"page-2.html\""))
        #expect(second.matches(of: /<figure>/).count == 1)
        #expect(second.contains("href=\"index.html\""))
        #expect(!second.contains("page-3"))
        #expect(second.hasSuffix("</html>\n"))
    }
}
