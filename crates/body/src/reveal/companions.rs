//! Companions on their way back: what an app's policy put beside a value returns to the value's place.
//!
//! Wherever an object of a JSON answer holds, by the names that lead from a value to its companion, something that
//! looks like the companion with a token that is one ([`Tokens::companion`](super::Tokens::companion)), the value
//! takes the place of its stand-in in that object, and the companion is taken out: its element; the array with it,
//! where nothing else stands in it; what stood only around that array, too. Names alone lead there, so that an
//! answer may hold the object at any depth.
//!
//! Nothing fails here. Where the place stands more than `lookahead` from its companion, where it is absent or an
//! object, where the answer is no JSON, the bytes stay as they are, and the token is revealed where it stands.

use crate::form::Name;
use crate::format::Format;
use crate::json::{Bond, MARK, Path, Template, Tree, template};
use crate::selector::{Reason, SelectorError, Which};

/// The companions of one app, each as its policy writes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Companions {
    pub(super) rules: Vec<Rule>,
    /// Where companions stand, each once.
    pub(super) sites: Vec<SitePath>,
}

/// How a companion is brought back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    /// The names that lead from the element to the value's place.
    pub(super) place: Vec<Box<str>>,
    /// The number of the site where the companion stands.
    pub(super) site: usize,
    pub(super) template: Template,
}

/// Where companions stand in an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SitePath {
    pub(super) names: Vec<Box<str>>,
    /// Whether they are elements of an array.
    pub(super) append: bool,
}

impl Companions {
    /// Reads the companions of an app: the format of the request, the selector of the place, that of its companion,
    /// and what is written. A form's field `a[b]` is looked for as the member `b` of a member `a`.
    ///
    /// # Errors
    /// The index of the companion that is wrong, and what is wrong with it.
    pub fn compile<'a>(
        all: impl IntoIterator<Item = (Format, &'a str, &'a str, &'a str)>,
    ) -> Result<Self, (usize, SelectorError)> {
        let mut companions = Self::default();
        for (index, (format, place, at, write)) in all.into_iter().enumerate() {
            companions
                .add(format, place, at, write)
                .map_err(|error| (index, error))?;
        }
        Ok(companions)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    fn add(
        &mut self,
        format: Format,
        place: &str,
        at: &str,
        write: &str,
    ) -> Result<(), SelectorError> {
        let (place, site, template) = match format {
            Format::Json => {
                let bond = Bond::parse(&Path::parse(place)?, at)?;
                let site = SitePath {
                    names: bond.at,
                    append: bond.append,
                };
                (bond.place, site, template(write)?.1)
            }
            Format::Form => {
                let whole = |error: SelectorError| error.of(Which::CompanionAt);
                let (place, at) = (names(place)?, names(at).map_err(whole)?);
                let site = SitePath {
                    names: at,
                    append: false,
                };
                let write = crate::companion::Write::parse(write)?;
                let text = [&*write.before, MARK, &*write.after].concat();
                (place, site, Template::text(text))
            }
            _ => {
                let what = "a companion in this format";
                let remedy = "only `json` and `form` bodies have them";
                let reason = Reason::Unsupported { what, remedy };
                return Err(SelectorError::new(reason, 0..at.len()).of(Which::CompanionAt));
            }
        };
        let known = self.sites.iter().position(|known| *known == site);
        let number = known.unwrap_or(self.sites.len());
        if known.is_none() {
            self.sites.push(site);
        }
        self.rules.push(Rule {
            place,
            site: number,
            template,
        });
        Ok(())
    }

    /// The numbers of the rules whose companion a value looks like, and the token of each.
    pub(super) fn matches(&self, site: usize, value: &[u8]) -> Vec<(usize, Vec<u8>)> {
        let Some(tree) = Tree::parse(value) else {
            return Vec::new();
        };
        let rules = self.rules.iter().enumerate();
        let here = rules.filter(|(_, rule)| rule.site == site);
        here.filter_map(|(number, rule)| {
            let token = rule.template.token(&tree)?;
            Some((number, token.to_vec()))
        })
        .collect()
    }
}

/// The names of a form's field: `a[b][c]`.
fn names(text: &str) -> Result<Vec<Box<str>>, SelectorError> {
    let name = Name::parse(text)?;
    let fault = || {
        let what = "a family of fields with a companion";
        let remedy = "name one field";
        SelectorError::new(Reason::Unsupported { what, remedy }, 0..text.len())
    };
    if name.is_family() || text.contains("[]") {
        return Err(fault());
    }
    let pieces = text.split('[').map(|piece| piece.trim_end_matches(']'));
    Ok(pieces.map(Into::into).collect())
}
