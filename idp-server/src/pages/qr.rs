//! QR codes as SVG: drawn into the page, so that no picture with a secret in it has an address.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around the code (ISO/IEC 18004 §6.3.8).
const BORDER: i32 = 4;

/// The code for a text, or nothing if it is too long for any.
pub fn svg(text: &str, label: &str) -> String {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return String::new() };
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{},{}h1v1h-1z", x + BORDER, y + BORDER);
        }
    }
    let side = size + 2 * BORDER;
    let label = askama::filters::escape(label, askama::filters::Html)
        .map(|escaped| escaped.to_string())
        .unwrap_or_default();
    format!(
        "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"{label}\" \
         shape-rendering=\"crispEdges\"><path d=\"M0 0h{side}v{side}H0z\" fill=\"#fff\"/>\
         <path d=\"{path}\" fill=\"#000\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_picture_with_a_border_and_a_name() {
        let svg = svg("otpauth://totp/Hilum:ana?secret=GEZDGNBVGY3TQOJQ", "a \"b\" <c>");
        assert!(svg.starts_with("<svg class=\"qr\" viewBox=\"0 0 "), "{svg}");
        assert!(!svg.contains("\"b\"") && !svg.contains("<c>"), "{svg}");
        // The corner of the finder pattern stands behind four light modules.
        assert!(svg.contains("M4,4h1v1h-1z") && !svg.contains("M3,4h1"), "{svg}");
        assert!(super::svg(&"x".repeat(5_000), "").is_empty());
    }
}
