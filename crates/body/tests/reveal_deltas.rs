//! Text that comes in pieces: tokens cut at any character over the messages of a stream are joined and revealed, in
//! the escape of what the pieces make together (ADR 23).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod reveal_support;

use std::collections::BTreeMap;

use body::Limits;
use proptest::prelude::*;
use reveal_support::{HOSTILE, Toy, chunked, reveal, reveal_within, show, token};
use serde_json::{Value, json};

/// The data of the events of a stream, `[DONE]` apart.
fn events(stream: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(stream).unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
    data.filter(|data| data.trim() != "[DONE]")
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// A delta of a chat completion, as OpenAI's API and its many kin write it.
fn chat(choice: u32, content: &str) -> String {
    event(&json!({
        "id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": choice, "delta": {"content": content}, "logprobs": null, "finish_reason": null}],
    }))
}

/// What a client puts together of each choice.
fn contents(stream: &[u8]) -> BTreeMap<u64, String> {
    let mut all = BTreeMap::new();
    for event in events(stream) {
        for choice in event["choices"].as_array().unwrap() {
            let text: &mut String = all.entry(choice["index"].as_u64().unwrap()).or_default();
            text.push_str(choice["delta"]["content"].as_str().unwrap_or(""));
        }
    }
    all
}

/// All the ways to cut a text in two, and one character at a time.
fn cuts(text: &str) -> Vec<Vec<&str>> {
    let characters = text.char_indices().map(|(at, _)| at);
    let mut all: Vec<Vec<&str>> = characters
        .clone()
        .skip(1)
        .map(|at| vec![&text[..at], &text[at..]])
        .collect();
    all.push(text.split_inclusive(|_: char| true).collect());
    all
}

#[test]
fn i04_a_token_cut_anywhere_is_joined() {
    let mut toy = Toy::default();
    let text = format!(
        "Chère {}, é{}!",
        toy.seal("Zoé \"Z\" Roy"),
        toy.seal("O'Neil")
    );
    for pieces in cuts(&text) {
        let mut stream: String = pieces.iter().map(|piece| chat(0, piece)).collect();
        stream.push_str("data: [DONE]\n\n");
        let revealed = chunked("text/event-stream", stream.as_bytes(), &mut toy);
        assert_eq!(contents(&revealed)[&0], "Chère Zoé \"Z\" Roy, éO'Neil!");
        assert_eq!(
            events(&revealed).len(),
            pieces.len(),
            "no event comes or goes"
        );
        assert!(revealed.ends_with(b"data: [DONE]\n\n"));
        toy.later = true;
        let (later, _) = reveal("text/event-stream", &[stream.as_bytes()], &mut toy);
        assert_eq!(show(&later), show(&revealed), "filled later");
        toy.later = false;
    }
}

#[test]
fn channels_that_interleave_are_told_apart() {
    let mut toy = Toy::default();
    let texts = [
        format!("a {} b", toy.seal("un")),
        format!("{} c", toy.seal("deux")),
        "q12q1 q123".to_owned(),
    ];
    for size in [1, 2, 3, 7] {
        let mut stream = String::new();
        let mut rest: Vec<Vec<char>> = texts.iter().map(|text| text.chars().collect()).collect();
        while rest.iter().any(|text| !text.is_empty()) {
            for (choice, text) in (0..).zip(&mut rest) {
                let piece: String = text.drain(..size.min(text.len())).collect();
                if !piece.is_empty() {
                    stream.push_str(&chat(choice, &piece));
                }
            }
            stream.push_str(": ping\n\n");
        }
        let revealed = chunked("text/event-stream", stream.as_bytes(), &mut toy);
        let found: Vec<String> = contents(&revealed).into_values().collect();
        assert_eq!(found, ["a un b", "deux c", "q12q1 q123"]);
    }
}

#[test]
fn i03_a_stream_without_tokens_is_untouched_to_the_byte() {
    let mut toy = Toy::default();
    let mut stream = String::new();
    for piece in [
        "q",
        "12",
        "3 q",
        "",
        "q",
        " zq",
        "q123",
        "45",
        "x\u{1f600}",
        "q1",
    ] {
        stream.push_str(&chat(0, piece));
        stream.push_str("event: ping\r\ndata: {\"type\": \"ping\"}\r\n\r\n");
    }
    stream.push_str("data: {\"choices\":[]}\n\ndata: [DONE]\n\n");
    let revealed = chunked("text/event-stream", stream.as_bytes(), &mut toy);
    assert_eq!(show(&revealed), show(stream.as_bytes()));
    assert_eq!(toy.opened(), 0);
}

#[test]
fn the_end_of_a_text_waits_for_nothing() {
    for end in [
        event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})),
        event(&json!({"choices": [], "id": "chatcmpl-7"})),
        "data: [DONE]\n\n".to_owned(),
    ] {
        let mut toy = Toy::default();
        let mut reveal = body::reveal::Reveal::new(
            reveal_support::medium("text/event-stream"),
            Limits::default(),
        );
        let mut out = body::Out::new();
        let stream = chat(0, "for q12");
        reveal.push(&stream.clone().into(), &mut toy, &mut out);
        let mut taken = Vec::new();
        while let Some(piece) = out.take() {
            taken.extend_from_slice(&piece);
        }
        assert!(taken.is_empty(), "a token may begin here");
        reveal.push(&end.clone().into(), &mut toy, &mut out);
        while let Some(piece) = out.take() {
            taken.extend_from_slice(&piece);
        }
        let is_about = !end.contains("\"choices\":[]");
        let expected = if is_about {
            stream + &end
        } else {
            String::new()
        };
        assert_eq!(show(&taken), show(expected.as_bytes()));
    }
}

/// The events of Anthropic's API for one tool call.
fn tool_call(pieces: &[&str]) -> String {
    let mut stream = String::from(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"content\":[]}}\n\n\
         event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\
         \"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\n",
    );
    for piece in pieces {
        let data = json!({
            "type": "content_block_delta", "index": 1,
            "delta": {"type": "input_json_delta", "partial_json": piece},
        });
        stream.push_str(&format!("event: content_block_delta\ndata: {data}\n\n"));
        stream.push_str("event: ping\ndata: {\"type\":\"ping\"}\n\n");
    }
    stream.push_str(
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n\
         event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );
    stream
}

#[test]
fn i08_json_that_comes_in_pieces_stays_json() {
    for value in HOSTILE {
        let mut toy = Toy::default();
        let (one, two) = (toy.seal(value), toy.seal(value));
        let arguments = format!("{{\"name\": \"{one}\", \"note\": \"\\u00e9 {two}\\n\"}}");
        for pieces in cuts(&arguments) {
            let stream = tool_call(&pieces);
            let (revealed, _) = reveal("text/event-stream", &[stream.as_bytes()], &mut toy);
            let put_together: String = events(&revealed)
                .iter()
                .filter_map(|event| event["delta"]["partial_json"].as_str())
                .collect();
            let read: Value = serde_json::from_str(&put_together).unwrap();
            assert_eq!(read, json!({"name": value, "note": format!("é {value}\n")}));
        }
    }
}

#[test]
fn i08_html_that_comes_in_pieces_keeps_its_structure() {
    let mut toy = Toy::default();
    let html = format!(
        "<p title=\"{}\">{}</p>",
        toy.seal("\" onclick=x"),
        toy.seal("<b>")
    );
    for pieces in cuts(&html) {
        let stream: String = pieces.iter().map(|piece| chat(0, piece)).collect();
        let (revealed, _) = reveal("text/event-stream", &[stream.as_bytes()], &mut toy);
        assert_eq!(
            contents(&revealed)[&0],
            "<p title=\"&quot; onclick=x\">&lt;b&gt;</p>"
        );
    }
}

#[test]
fn a_token_in_a_url_that_comes_in_pieces_stays() {
    let mut toy = Toy::default();
    let text = format!("see https://a.example/?q={} ok", toy.seal("Roy"));
    for pieces in cuts(&text) {
        let stream: String = pieces.iter().map(|piece| chat(0, piece)).collect();
        let (revealed, _) = reveal("text/event-stream", &[stream.as_bytes()], &mut toy);
        assert_eq!(contents(&revealed)[&0], text);
    }
    assert_eq!(toy.opened(), 0);
}

#[test]
fn all_copies_of_a_text_agree() {
    let mut toy = Toy::default();
    let text = format!("x {} y", toy.seal("Zoé"));
    for pieces in cuts(&text) {
        let mut stream = String::new();
        for (number, piece) in pieces.iter().enumerate() {
            stream.push_str(&event(&json!({
                "type": "response.output_text.delta", "sequence_number": number, "item_id": "m",
                "output_index": 0, "content_index": 0, "delta": piece, "obfuscation": "q12",
            })));
        }
        stream.push_str(&event(&json!({
            "type": "response.output_text.done", "item_id": "m", "output_index": 0, "content_index": 0,
            "text": text,
        })));
        let (revealed, _) = reveal("text/event-stream", &[stream.as_bytes()], &mut toy);
        let events = events(&revealed);
        let joined: String = events
            .iter()
            .filter_map(|event| event["delta"].as_str())
            .collect();
        assert_eq!(joined, "x Zoé y");
        assert_eq!(events.last().unwrap()["text"], "x Zoé y");
        let numbers = events
            .iter()
            .filter_map(|event| event["sequence_number"].as_u64());
        assert!(numbers.eq(0..pieces.len() as u64));
    }
}

#[test]
fn halves_of_surrogate_pairs_pass_as_they_came() {
    let mut toy = Toy::default();
    let name = toy.seal("😀 <x>");
    let piece = |source: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{source}\"}}}}]}}\n\n"
        )
    };
    let (head, tail) = name.split_at(6);
    let stream = [
        piece(r"\ud83d"),
        piece(&format!(r"\ude00{head}")),
        piece(&format!(r"{tail}\ud83d")),
        piece(r"\ude00"),
    ]
    .concat();
    let revealed = chunked("text/event-stream", stream.as_bytes(), &mut toy);
    let expected = [
        piece(r"\ud83d"),
        piece(r"\ude00😀 \u003cx\u003e"),
        piece(r"\ud83d"),
        piece(r"\ude00"),
    ]
    .concat();
    assert_eq!(show(&revealed), show(expected.as_bytes()));
}

#[test]
fn i13_what_waits_is_bounded() {
    let mut toy = Toy::default();
    let begun = token(0);
    for (start, most) in [("q1", 12 << 10), (&begun[..9], 80 << 10)] {
        let mut reveal = body::reveal::Reveal::new(
            reveal_support::medium("text/event-stream"),
            Limits::default(),
        );
        let mut out = body::Out::new();
        reveal.push(&chat(0, start).into(), &mut toy, &mut out);
        let mut taken = 0;
        for _ in 0..2000 {
            reveal.push(&chat(1, "other words").into(), &mut toy, &mut out);
            while let Some(piece) = out.take() {
                taken += piece.len();
            }
            assert!(reveal.held() + out.len() < most);
        }
        reveal.finish(&mut toy, &mut out);
        while let Some(piece) = out.take() {
            taken += piece.len();
        }
        assert_eq!(
            taken,
            chat(0, start).len() + 2000 * chat(1, "other words").len()
        );
    }
}

#[test]
fn lines_of_json_are_joined_where_the_first_is_a_piece() {
    let mut toy = Toy::default();
    let text = format!("Mme {}.", toy.seal("Roy"));
    for pieces in cuts(&text) {
        let lines: String = pieces
            .iter()
            .map(|piece| json!({"model": "m", "message": {"role": "assistant", "content": piece}, "done": false}))
            .map(|line| format!("{line}\n"))
            .collect();
        let revealed = chunked("application/x-ndjson", lines.as_bytes(), &mut toy);
        let joined: String = std::str::from_utf8(&revealed)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|line| line["message"]["content"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(joined, "Mme Roy.");
    }
    let (head, tail) = text.split_at(8);
    let records = format!("{{\"a\":\"{head}\"}}\n{{\"a\":\"{tail}\"}}\n{{\"a\":\"{text}\"}}\n");
    let revealed = chunked("application/x-ndjson", records.as_bytes(), &mut toy);
    assert_eq!(
        show(&revealed),
        show(records.replace(&text, "Mme Roy.").as_bytes()),
        "records are no pieces"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// However texts are cut and mixed, what a client puts together is what one string would have held.
    #[test]
    fn i04_however_texts_are_cut_they_read_the_same(
        texts in proptest::collection::vec(proptest::collection::vec(0..9_usize, 0..12), 1..3),
        cuts in proptest::collection::vec((0..3_usize, 1..9_usize), 0..60),
    ) {
        let mut toy = Toy::default();
        let name = toy.seal("R\"oy");
        let words = [&name, "q", "q123", "q1", " ", "é", &name[..7], "\\", "x"];
        let texts: Vec<String> = texts
            .iter()
            .map(|text| text.iter().map(|word| words[*word]).collect())
            .collect();
        let mut rest: Vec<Vec<char>> = texts.iter().map(|text| text.chars().collect()).collect();
        let mut stream = String::new();
        for (choice, size) in cuts.into_iter().chain((0..2).map(|choice| (choice, usize::MAX))) {
            if let Some(text) = rest.get_mut(choice).filter(|text| !text.is_empty()) {
                let piece: String = text.drain(..size.min(text.len())).collect();
                stream.push_str(&chat(u32::try_from(choice).unwrap(), &piece));
            }
        }
        let limits = Limits::default();
        let (revealed, _) = reveal_within(limits, "text/event-stream", &[stream.as_bytes()], &mut toy);
        let parts: Vec<&[u8]> = stream.as_bytes().chunks(7).collect();
        let (again, _) = reveal_within(limits, "text/event-stream", &parts, &mut toy);
        prop_assert_eq!(show(&revealed), show(&again));
        for (choice, text) in contents(&revealed) {
            let expected = texts[usize::try_from(choice).unwrap()].replace(&name, "R\"oy");
            prop_assert_eq!(text, expected);
        }
    }
}
