//! Values that stay home, behind the pointers that stand in the SaaS.
