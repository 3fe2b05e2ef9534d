package import DASH
import Media

extension ContentProtection {
    /// The contents as XML with their own namespace declarations: what CPIX calls ContentProtectionData.
    package var fragment: String {
        contents.map { content in
            switch content {
            case .pssh(let box): "<cenc:pssh xmlns:cenc=\"urn:mpeg:cenc:2013\">\(Base64.encode(box))</cenc:pssh>"
            case .playReadyObject(let object):
                "<mspr:pro xmlns:mspr=\"urn:microsoft:playready\">\(Base64.encode(object))</mspr:pro>"
            case .licenseURL(let url):
                // DASH-IF's present spelling, and the older one, which is all that some players look for.
                ["laurl", "Laurl"].map { name in
                    "<dashif:\(name) xmlns:dashif=\"https://dashif.org/CPS\" licenseType=\"EME-1.0\">"
                        + "\(Self.escaped(url))</dashif:\(name)>"
                }.joined()
            case .fragment(let xml): xml
            }
        }.joined()
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
