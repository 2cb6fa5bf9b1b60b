//! Ratios as bars, in an SVG.

use plotters::{
    prelude::{IntoDrawingArea, IntoFont, PathElement, Rectangle, SVGBackend, Text},
    style::{
        BLACK, Color, RGBColor, TextStyle, WHITE,
        text_anchor::{HPos, Pos, VPos},
    },
};

use crate::paired::Ratio;

const WIDTH: i32 = 760;
const ROW: i32 = 30;
/// How much of the width is for the names, and for the numbers.
const NAMES: i32 = 290;
const NUMBERS: i32 = 80;
const BLUE: RGBColor = RGBColor(70, 120, 180);
const GREY: RGBColor = RGBColor(190, 190, 190);

/// Draws a bar for each ratio, up to its median. A line across it goes from the lower to the upper
/// quartile. A line at 1 marks the time of the first way. The axis starts at 0, or is logarithmic if the
/// ratios differ by a factor of 50 and more.
///
/// # Errors
///
/// The drawing library's error.
pub fn draw(title: &str, ratios: &[Ratio]) -> Result<String, Box<dyn std::error::Error>> {
    let mut svg = String::new();
    let rows = i32::try_from(ratios.len())?;
    let height = (rows + 2) * ROW;
    let largest = ratios.iter().map(|ratio| ratio.high.max(ratio.median)).fold(1.0, f64::max);
    let smallest = ratios.iter().map(|ratio| ratio.low.min(ratio.median)).fold(1.0, f64::min);
    let logarithmic = largest >= 50.0 * smallest;
    let room = f64::from(WIDTH - NAMES - NUMBERS);
    // The end of a bar, in pixels from the left. The shortest bar of a logarithmic axis has some length, too.
    #[expect(clippy::cast_possible_truncation, reason = "it is no more than the width")]
    let x = |ratio: f64| {
        let start = smallest / 2.0;
        let part = if logarithmic {
            (ratio / start).ln() / (largest / start).ln()
        } else {
            ratio / largest
        };
        NAMES + (part * room).round() as i32
    };
    {
        let area =
            SVGBackend::with_string(&mut svg, (WIDTH.cast_unsigned(), height.cast_unsigned()))
                .into_drawing_area();
        // A white background, for readers with a dark page.
        area.fill(&WHITE)?;
        let font = ("sans-serif", 14).into_font();
        let left = TextStyle::from(font.clone()).pos(Pos::new(HPos::Left, VPos::Center));
        let right = TextStyle::from(font).pos(Pos::new(HPos::Right, VPos::Center));
        area.draw(&Text::new(title.to_owned(), (10, ROW / 2), left.clone()))?;
        for (row, ratio) in (1..).zip(ratios) {
            let middle = row * ROW + ROW / 2;
            let bar = [(NAMES, middle - 9), (x(ratio.median), middle + 9)];
            area.draw(&Text::new(ratio.name, (NAMES - 10, middle), right.clone()))?;
            area.draw(&Rectangle::new(bar, BLUE.filled()))?;
            let spread = [(x(ratio.low), middle), (x(ratio.high), middle)];
            area.draw(&PathElement::new(spread, BLACK))?;
            let end = x(ratio.median.max(ratio.high)) + 8;
            area.draw(&Text::new(number(ratio.median), (end, middle), left.clone()))?;
        }
        let one = [(x(1.0), ROW), (x(1.0), height - ROW)];
        area.draw(&PathElement::new(one, GREY))?;
        let axis = if logarithmic {
            "relative time, less is better (logarithmic)"
        } else {
            "relative time, less is better"
        };
        area.draw(&Text::new(axis, (NAMES, height - ROW / 2), left))?;
        area.present()?;
    }
    Ok(svg)
}

/// As many digits as a ratio is good for.
pub(crate) fn number(ratio: f64) -> String {
    match ratio {
        ..0.1 => format!("{ratio:.3}"),
        ..10.0 => format!("{ratio:.2}"),
        _ => format!("{ratio:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::draw;
    use crate::paired::Ratio;

    #[test]
    fn a_chart_has_the_name_and_the_number_of_each_way() {
        let ratio = |name, median| Ratio { name, median, low: median, high: median };
        let svg = draw("calls", &[ratio("unary", 1.0), ratio("streaming", 0.0512)]).unwrap();
        for part in ["calls", "unary", "1.00", "streaming", "0.051", "less is better"] {
            assert!(svg.contains(part), "{part} is missing: {svg}");
        }
        assert!(!svg.contains("logarithmic"), "{svg}");
    }

    #[test]
    fn the_axis_is_logarithmic_if_ratios_differ_much() {
        let ratio = |name, median| Ratio { name, median, low: median, high: median };
        let svg = draw("calls", &[ratio("unary", 1.0), ratio("streaming", 0.009)]).unwrap();
        assert!(svg.contains("logarithmic"), "{svg}");
    }
}
