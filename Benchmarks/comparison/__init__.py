"""Zoetrope beside what people would use instead: who takes part, what is asked, and what comes out."""
