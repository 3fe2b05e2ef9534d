import Foundation
import Settings
import Testing

@Suite struct ListenRefusalTests {
    @Test func saysWhatToDoAndWhereItIsWritten() {
        for code in [EADDRINUSE, EADDRNOTAVAIL, EACCES] {
            #expect("\(ListenRefusal(code: code, port: 9090, setting: "admin.listen"))".hasSuffix("in admin.listen"))
        }
        let taken = ListenRefusal(code: EADDRINUSE, port: 9090, setting: "admin.listen").description
        #expect(taken.contains("another program") && taken.contains("ss -ltnp 'sport = :9090'"))
        #expect(ListenRefusal(code: EMFILE, port: 1, setting: "x").description == "Too many open files")
    }
}
