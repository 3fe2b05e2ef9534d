import FLV
import RTMPServer
import Testing

@Suite struct ConversationTests {
    typealias Action = PublisherConversation.Action

    private func command(_ values: [AMF0], to conversation: inout PublisherConversation) -> [Action] {
        conversation.received(type: 20, timestamp: 0, payload: AMF0.serialize(values))
    }

    private func connect(_ conversation: inout PublisherConversation, app: String = "news") -> [Action] {
        let object = AMF0.object([
            .init("app", .string(app)), .init("flashVer", .string("FMLE/3.0 (compatible; Test)")),
            .init("tcUrl", .string("rtmp://user:pw@host:1935/news/secret?x=1")),
        ])
        return command([.string("connect"), .number(1), object], to: &conversation)
    }

    private func publish(_ name: String, to conversation: inout PublisherConversation) -> [Action] {
        command([.string("publish"), .number(5), .null, .string(name), .string("live")], to: &conversation)
    }

    private func statusCode(_ action: Action?) -> String? {
        guard case .send(.command(let values, _)) = action else { return nil }
        return values.last?["code"]?.string
    }

    private func failure(_ actions: [Action]) -> RTMPError? {
        if case .fail(let error) = actions.last { error } else { nil }
    }

    @Test func theWholeDialogue() throws {
        var conversation = PublisherConversation(peer: "192.0.2.1:5000")
        let answers = connect(&conversation)
        #expect(
            answers.prefix(3) == [
                .send(.windowAcknowledgementSize(2_500_000)), .send(.setPeerBandwidth(2_500_000)),
                .send(.setChunkSize(4096)),
            ])
        #expect(statusCode(answers.last) == "NetConnection.Connect.Success")
        _ = command([.string("releaseStream"), .number(2), .null, .string("k")], to: &conversation)
        let prepared = command([.string("FCPublish"), .number(3), .null, .string("k")], to: &conversation)
        #expect(prepared.count == 2)
        #expect(
            command([.string("createStream"), .number(4), .null], to: &conversation)
                == [.send(.command([.string("_result"), .number(4), .null, .number(1)], streamID: 0))])
        let media = AMF0.serialize([.string("onMetaData")])
        #expect(conversation.received(type: 18, timestamp: 0, payload: media).isEmpty)
        let request = PublishRequest(
            app: "news", streamKey: StreamKey("KEY"), tcURL: "rtmp://host:1935/news",
            flashVersion: "FMLE/3.0 (compatible; Test)", peer: "192.0.2.1:5000")
        #expect(publish("KEY?x=y", to: &conversation) == [.requestPublish(request)])
        let accepted = conversation.accept()
        #expect(accepted.first == .send(.streamBegin(1)))
        #expect(statusCode(accepted.last) == "NetStream.Publish.Start")
        #expect(
            conversation.received(type: 9, timestamp: 7, payload: [1])
                == [.media(RTMPMessage(type: 9, timestamp: 7, payload: [1]))])
        let goodbye = command([.string("FCUnpublish"), .number(6), .null, .string("KEY")], to: &conversation)
        #expect(statusCode(goodbye.first) == "NetStream.Unpublish.Success")
        #expect(goodbye.last == .end)
        #expect(conversation.received(type: 9, timestamp: 8, payload: [1]).isEmpty)
    }

    @Test func secretsDoNotPrint() {
        let key = StreamKey("hunter2")
        let request = PublishRequest(app: "a", streamKey: key, tcURL: "", flashVersion: "", peer: "")
        for text in ["\(key)", String(reflecting: key), "\(request)", String(reflecting: request)] {
            #expect(!text.contains("hunter2"))
        }
        var dumped = ""
        dump(request, to: &dumped)
        #expect(!dumped.contains("hunter2"))
    }

    @Test(arguments: [
        ("news", "KEY", "news", "KEY"), ("news/", "KEY", "news", "KEY"), ("/news", "KEY", "news", "KEY"),
        ("news/KEY", "", "news", "KEY"), ("news/live", "KEY?a=b", "news", "KEY"),
        ("news?token=1", "KEY#f", "news", "KEY"),
    ])
    func addresses(application: String, name: String, app: String, key: String) {
        var conversation = PublisherConversation(peer: "")
        _ = connect(&conversation, app: application)
        guard case .requestPublish(let request) = publish(name, to: &conversation).first else {
            Issue.record("no request")
            return
        }
        #expect(request.app == app)
        #expect(request.streamKey.value == key)
    }

    @Test func whatMakesNoSenseFails() {
        var early = PublisherConversation(peer: "")
        #expect(failure(publish("KEY", to: &early)) != nil)
        #expect(!early.isConnected)
        var nameless = PublisherConversation(peer: "")
        let refused = connect(&nameless, app: "?key")
        #expect(failure(refused)?.code == .protocolViolation)
        #expect(statusCode(refused.first) == "NetConnection.Connect.Rejected")
        var keyless = PublisherConversation(peer: "")
        _ = connect(&keyless)
        let answers = publish("", to: &keyless)
        #expect(statusCode(answers.first) == "NetStream.Publish.BadName")
        #expect(failure(answers) != nil)
        var player = PublisherConversation(peer: "")
        _ = connect(&player)
        let play = command([.string("play"), .number(4), .null, .string("x")], to: &player)
        #expect(statusCode(play.first) == "NetStream.Play.Failed")
        #expect(failure(play) != nil)
        var twice = PublisherConversation(peer: "")
        _ = connect(&twice)
        #expect(failure(connect(&twice)) != nil)
        var broken = PublisherConversation(peer: "")
        #expect(failure(broken.received(type: 20, timestamp: 0, payload: [0x42])) != nil)
        #expect(failure(broken.received(type: 20, timestamp: 0, payload: [])) != nil)
        #expect(failure(broken.received(type: 22, timestamp: 0, payload: [1])) != nil)
    }

    @Test func rejection() {
        var conversation = PublisherConversation(peer: "")
        #expect(conversation.reject(.badName, description: "no").isEmpty)
        _ = connect(&conversation)
        _ = publish("KEY", to: &conversation)
        let actions = conversation.reject(.badName, description: "Unknown stream key.")
        #expect(statusCode(actions.first) == "NetStream.Publish.BadName")
        #expect(conversation.accept().isEmpty)
    }

    @Test func controlMessages() {
        var conversation = PublisherConversation(peer: "")
        #expect(conversation.received(type: 1, timestamp: 0, payload: [0, 0, 16, 0]) == [.setInputChunkSize(4096)])
        #expect(
            conversation.received(type: 1, timestamp: 0, payload: [0x7F, 255, 255, 255])
                == [.setInputChunkSize(0xFF_FFFF)])
        #expect(conversation.received(type: 2, timestamp: 0, payload: [0, 0, 0, 6]) == [.abort(chunkStream: 6)])
        #expect(
            conversation.received(type: 4, timestamp: 0, payload: [0, 6, 1, 2, 3, 4])
                == [.send(.pingResponse(0x0102_0304))])
        #expect(conversation.received(type: 4, timestamp: 0, payload: [0, 6, 1]).isEmpty)
        #expect(conversation.received(type: 17, timestamp: 0, payload: [0] + AMF0.serialize([.string("x")])).isEmpty)
    }

    @Test func acknowledgements() {
        var conversation = PublisherConversation(peer: "")
        _ = connect(&conversation)
        #expect(conversation.received(type: 5, timestamp: 0, payload: [0, 0, 3, 0xE8]).isEmpty)
        #expect(conversation.receivedBytes(999).isEmpty)
        #expect(conversation.receivedBytes(1) == [.send(.acknowledgement(1000))])
        #expect(conversation.receivedBytes(500).isEmpty)
        // The sequence number is modulo 2^32.
        #expect(conversation.receivedBytes(1 << 32) == [.send(.acknowledgement(1500))])
    }

    /// Version 1 has the list, version 2 the maps; an encoder may say any of them.
    @Test(
        arguments: [
            .init("fourCcList", .strictArray([.string("hvc1"), .string("avc1")])),
            .init("videoFourCcInfoMap", .object([.init("*", .number(4))])), .init("capsEx", .number(2)),
        ] as [AMF0.Property])
    func enhancedEncodersLearnWhatWeTake(said: AMF0.Property) throws {
        var conversation = PublisherConversation(peer: "")
        let object = AMF0.object([.init("app", .string("news")), said])
        let properties = try #require(answer(to: object, &conversation))
        let list = ["avc1", "hvc1", "av01", "vp09", "mp4a", "Opus", "ac-3", "ec-3", "fLaC", ".mp3"]
        #expect(properties["fourCcList"] == .strictArray(list.map { .string($0) }))
        #expect(properties["videoFourCcInfoMap"]?["hvc1"] == .number(5))
        #expect(properties["videoFourCcInfoMap"]?["vp09"] == .number(1))
        #expect(properties["audioFourCcInfoMap"]?["Opus"] == .number(5))
        #expect(properties["audioFourCcInfoMap"]?[".mp3"] == .number(1))
        // Multitrack, ModEx, nanoseconds.
        #expect(properties["capsEx"] == .number(14))
    }

    @Test func othersAreNotTroubledWithIt() throws {
        var conversation = PublisherConversation(peer: "")
        let properties = try #require(answer(to: .object([.init("app", .string("news"))]), &conversation))
        #expect(properties["fourCcList"] == nil && properties["capsEx"] == nil)
    }

    /// The properties that `connect` is answered with.
    private func answer(to object: AMF0, _ conversation: inout PublisherConversation) -> AMF0? {
        let answers = command([.string("connect"), .number(1), object], to: &conversation)
        guard case .send(.command(let values, _)) = answers.last, values.count > 2 else { return nil }
        return values[2]
    }
}
